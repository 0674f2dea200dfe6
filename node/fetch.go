package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"kbootstrap/fault"
)

// Fetch says from which host another one gets a content.
type Fetch struct {
	Upload   Upload
	Length   int64          // bytes of the stream; more are not read
	From     string         // the name of the host that has it
	At       netip.AddrPort // where that listens
	Identity Identity       // of the host that asks
	// Reach is how long it may take until there is a connection, Answer how long until the other
	// host, which may be busy, begins to send, and Within how long until the content is there.
	Reach, Answer, Within time.Duration
}

// Fetch has the host get a content from another host of the run. It returns when the content is
// verified; after an error nothing of it is there, as with Send. An error with the code RelayFailed
// is the other host's or the network's, and one with RelayDamaged says that the other host has sent
// something else.
func (c *Client) Fetch(ctx context.Context, f Fetch) error {
	return c.ask(ctx, "/v1/fetch", f, nil)
}

func (s *server) fetch(w http.ResponseWriter, r *http.Request) error {
	var f Fetch
	if err := decode(w, r, &f); err != nil {
		return err
	}
	if err := s.exclusive(Holder{}); err != nil {
		return err
	}
	if f.Upload.Size < 0 {
		return requestError{fmt.Errorf("not a size: %d", f.Upload.Size)}
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), f.Within,
		fmt.Errorf("the content has not come in %v", f.Within))
	defer cancel()
	if err := f.do(ctx, s.blobs); err != nil {
		return fmt.Errorf("get it from %s at %s: %w", f.From, f.At, err)
	}
	return answer(w, struct{}{})
}

// do gets the content into the store.
func (f Fetch) do(ctx context.Context, store *blobs) error {
	config, err := f.Identity.config()
	if err != nil {
		return err
	}
	config.ServerName = f.From
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: f.Reach}).DialContext(ctx, network, f.At.String())
		},
		TLSClientConfig: config, TLSHandshakeTimeout: f.Answer, ResponseHeaderTimeout: f.Answer,
		DisableCompression: true, DisableKeepAlives: true, Protocols: overTLS(),
	}
	defer transport.CloseIdleConnections()
	query := url.Values{"base": {f.Upload.Base}}
	address := "https://" + f.From + "/v1/streams/" + url.PathEscape(f.Upload.Sum) + "?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fault.RelayFailed.Errorf("%w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fault.RelayFailed.Errorf("the host answered %s", response.Status)
	}
	stream := &watched{Reader: io.LimitReader(response.Body, f.Length)}
	err = store.receive(ctx, f.Upload, stream)
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(syscall.Errno)) && stream.err == nil:
		return err // the disk of this host is full, for instance
	case stream.err != nil || ctx.Err() != nil || f.Upload.Base != "":
		// What a delta makes may be wrong because its base was changed here.
		return fault.RelayFailed.Errorf("%w", err)
	}
	return fault.RelayDamaged.Errorf("%w", err)
}

// watched is a reader that remembers how it failed.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
