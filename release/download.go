package release

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
)

const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 30 * time.Second
	// idleTimeout is how long a body may be silent. There is no limit on the whole: lines are slow.
	idleTimeout = 30 * time.Second
)

// newClient returns the client that fetches when the caller has none.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout:   dialTimeout,
			ResponseHeaderTimeout: headerTimeout,
			MaxIdleConnsPerHost:   parallel,
			IdleConnTimeout:       headerTimeout,
			ForceAttemptHTTP2:     true,
			// Sums are of the bytes as they are stored.
			DisableCompression: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) >= 10 {
				return errors.New("too many redirects")
			}
			if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return errors.New("redirected from https to " + r.URL.Scheme)
			}
			return nil
		},
	}
}

// accept takes what the sink received for the artifact, or says what is wrong with it.
func accept(a *artifact, s *sink) error {
	if err := s.check(*a); err != nil {
		return err
	}
	a.received, a.size = hex.EncodeToString(s.sum.Sum(nil)), s.n
	s.finished(s.n)
	return nil
}

// download fetches what the sink lacks of an artifact by HTTP. A server that cannot go on where the
// sink is sends all.
func (f *fetcher) download(ctx context.Context, from place, s *sink) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.at, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kbootstrap")
	request.Header.Set("Accept-Encoding", "identity")
	if s.n > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", s.n))
	}
	response, err := f.client.Do(request)
	if err != nil {
		return &transientError{err: withoutURL(err)}
	}
	defer response.Body.Close()
	switch {
	case s.n > 0 && response.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", s.n)):
	case s.n > 0 && (response.StatusCode == http.StatusPartialContent ||
		response.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		// What there is belongs to another file.
		if err := s.restart(); err != nil {
			return err
		}
		return &transientError{err: errors.New("the server does not go on at the same place")}
	case response.StatusCode != http.StatusOK:
		return statusError(response)
	default:
		if err := s.restart(); err != nil {
			return err
		}
	}
	if n := response.ContentLength; n >= 0 {
		s.total = s.n + n
	}
	idle := time.AfterFunc(idleTimeout, func() { cancel(fmt.Errorf("the server sent nothing for %v", idleTimeout)) })
	defer idle.Stop()
	_, err = io.Copy(s, &idleReader{response.Body, idle})
	return transferError(ctx, s, err)
}

// transferError returns the error of a transfer that ended with err, or nil.
func transferError(ctx context.Context, s *sink, err error) error {
	var long errTooLong
	var disk *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &disk):
		return err // the cache's disk is full, and remains so
	case errors.As(err, &long):
		return &mismatchError{fault.ArtifactMismatch, fmt.Sprintf("%v arrived, so the download was stopped", long)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &transientError{err: fmt.Errorf("cut off after %d of %d bytes", s.n, s.total)}
	case context.Cause(ctx) != nil:
		err = context.Cause(ctx)
	}
	return &transientError{err: fmt.Errorf("after %d bytes: %w", s.n, err)}
}

// statusError turns a status other than 200 into an error that may be retried or not.
func statusError(r *http.Response) error {
	err := errors.New(r.Status)
	if r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusRequestTimeout && r.StatusCode < 500 {
		return fault.ArtifactRefused.Wrap(err)
	}
	seconds, _ := strconv.Atoi(r.Header.Get("Retry-After")) // it may be a date, which is left to our own backoff
	return &transientError{err: err, after: time.Duration(max(0, min(seconds, 3600))) * time.Second}
}

// withoutURL removes the URL that net/http puts into its errors: after a redirect it may carry a
// signature.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// idleReader puts the deadline off with every read that brings something.
type idleReader struct {
	r    io.Reader
	idle *time.Timer
}

func (i *idleReader) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if n > 0 {
		i.idle.Reset(idleTimeout)
	}
	return n, err
}
