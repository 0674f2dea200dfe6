package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// Client is the control machine's end of the wire to one host. Its methods may be called at the
// same time. They return a *RemoteError for what went wrong on the host, a *LockedError, a
// *LostError when the connection ended, an *AwayError when it could not be made again, or the cause
// of their context's end. Dialer.Connect makes one.
type Client struct{ keptSession }

// keptSession is what a client asks over. It opens another connection when one is lost; see Dialer.
type keptSession struct {
	idle   time.Duration
	dialer Dialer        // without its Dial, a session that is lost is not replaced
	turn   chan struct{} // who has it replaces the session

	stopped context.Context // ended by Stop
	stop    context.CancelFunc

	requests atomic.Int64
	reopened atomic.Int64 // how often the session was replaced

	// Only who replaces the session changes these.
	boot   string // the id of the host's boot
	stream Stream

	mu     sync.Mutex
	link   *link
	given  error // why there is no other session
	closed bool
}

// Close ends the connection and with it the node on the host. Requests under way end with a
// *LostError.
func (c *keptSession) Close() error {
	c.stop()
	c.mu.Lock()
	l := c.link
	c.closed = true
	if c.given == nil {
		c.given = &LostError{Err: net.ErrClosed}
	}
	c.mu.Unlock()
	return l.close()
}

// Requests is how many requests were sent to the host so far.
func (c *keptSession) Requests() int { return int(c.requests.Load()) }

// Reopened is how often the session was replaced. What a session had in its memory, and the
// contents that it had received, went with it.
func (c *keptSession) Reopened() int { return int(c.reopened.Load()) }

// Converge makes the host what the resources say, in their order, and tells of each change as it
// happens. The component comes back in the events; two calls for the same component go one after
// the other. It returns when all is done or at the first error. What waits for a content asks for
// it with an EventNeed, and waits until Send brings it or Abandon says that it will not come. The
// events are called one at a time.
func (c *Client) Converge(ctx context.Context, component string, wanted []resource.Resource, events func(Event)) error {
	text, err := kinds.Marshal(wanted)
	if err != nil {
		return err
	}
	return c.again(ctx, component, func() error {
		return c.change(ctx, "/v1/converge?component="+url.QueryEscape(component), text, events)
	})
}

// change asks for a change of the host and passes on what happens.
func (c *Client) change(ctx context.Context, path string, question []byte, events func(Event)) error {
	// The node writes at least a heartbeat; when even that stays away, it hangs.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(c.idle, func() {
		cancel(&LostError{Err: fmt.Errorf("the node said nothing for %s", c.idle)})
	})
	defer idle.Stop()

	response, err := c.do(ctx, http.MethodPost, path, pack(question))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	messages := newBounded(response.Body, messageLimit)
	for {
		var m message
		if err := messages.decode(&m); err != nil {
			return c.lost(ctx, err)
		}
		idle.Reset(c.idle)
		if m.Kind != "" && events != nil {
			events(m.Event)
		}
		if m.Kind == EventDone {
			return m.Error.error()
		}
	}
}

// Stop asks the host to begin nothing more in this session: each Converge ends with a
// *StoppedError, at once where it only waits, or when what it is at is whole: a service that is
// being changed becomes healthy first, as wanted or as before. A connection that is lost is not
// replaced any more.
func (c *Client) Stop(ctx context.Context) error {
	c.stop()
	return c.ask(ctx, "/v1/stop", nil, nil)
}

// Flush returns when all that was written to the host is on its disk. Only then does the host keep
// it through a power cut.
func (c *Client) Flush(ctx context.Context) error {
	return c.again(ctx, "flush", func() error { return c.ask(ctx, "/v1/flush", nil, nil) })
}

// Missing returns those of the sums whose contents the host lacks, in the same order.
func (c *Client) Missing(ctx context.Context, sums []string) ([]string, error) {
	var missing []string
	err := c.again(ctx, "contents", func() error { return c.ask(ctx, "/v1/missing", sums, &missing) })
	return missing, err
}

// Upload says what a stream that is sent makes.
type Upload struct {
	Sum  string // sha256 of the content, in hex
	Size int64  // bytes of the content
	// Base is the sum of another content that the host got in this session, when the stream is a
	// delta to that, or delta.Nothing; "" when the stream is the content itself.
	Base string
	// Keep has the host keep the stream, to pass it on.
	Keep bool
}

// Send uploads one content, as a zstd stream of it or of a delta. It returns when the content is
// verified. After an error nothing of it is left there, and who waits for it goes on waiting: send
// it again, or Abandon it. Send does not touch the reader after it has returned, so a Read must end
// when ctx does.
func (c *Client) Send(ctx context.Context, u Upload, zstd io.Reader) error {
	query := url.Values{"size": {strconv.FormatInt(u.Size, 10)}}
	if u.Base != "" {
		query.Set("base", u.Base)
	}
	if u.Keep {
		query.Set("keep", "yes")
	}
	path := "/v1/blobs/" + url.PathEscape(u.Sum) + "?" + query.Encode()
	source := &detachable{r: zstd}
	defer source.detach()
	response, err := c.do(ctx, http.MethodPut, path, source)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// Abandon tells the host that a content will not come, and why. Whoever waits for it there fails
// with that cause. A later Send takes it back.
func (c *Client) Abandon(ctx context.Context, sum string, cause error) error {
	return c.ask(ctx, "/v1/abandon", abandonment{Sum: sum, Cause: cause.Error()}, nil)
}

// Journal returns the last lines of a unit's journal.
func (c *Client) Journal(ctx context.Context, unit string, lines int) (string, error) {
	var text string
	err := c.again(ctx, "journal", func() error {
		return c.ask(ctx, "/v1/journal", journalRequest{Unit: unit, Lines: lines}, &text)
	})
	return text, err
}

// Evidence returns what a unit has written to its journal since a moment of the host's; 0 means
// since this session began.
func (c *Client) Evidence(ctx context.Context, unit string, since host.Moment) (host.Journal, error) {
	var found host.Journal
	err := c.again(ctx, "evidence", func() error {
		return c.ask(ctx, "/v1/evidence", evidenceRequest{Unit: unit, Since: since}, &found)
	})
	return found, err
}

// ask sends a value and reads the answer into another, unless that is nil.
func (c *keptSession) ask(ctx context.Context, path string, question, into any) error {
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	return c.askRaw(ctx, path, text, into)
}

// answerTimeout is how long a node may take for an answer without a stream of events. Syncing
// gigabytes to a slow disk takes minutes.
const answerTimeout = 10 * time.Minute

// askRaw sends JSON and reads the answer into a value, unless that is nil.
func (c *keptSession) askRaw(ctx context.Context, path string, question []byte, into any) error {
	silent := fmt.Errorf("no answer to %s in %s", path, answerTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, silent)
	defer cancel()
	response, err := c.do(ctx, http.MethodPost, path, pack(question))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		return nil
	}
	if err := newBounded(response.Body, answerLimit).decode(into); err != nil {
		return c.lost(ctx, err)
	}
	return nil
}

// do sends a request and returns its response if that is a good one.
func (c *keptSession) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://node"+path, body)
	if err != nil {
		return nil, err
	}
	if _, ok := body.(packed); ok {
		request.Header.Set("Content-Encoding", packing)
	}
	l := c.current()
	if err := l.wait(ctx); err != nil {
		return nil, c.lost(ctx, err)
	}
	c.requests.Add(1)
	response, err := l.http.RoundTrip(request)
	if err != nil {
		if source, ok := body.(*detachable); ok && source.failed() != nil {
			return nil, source.failed() // the connection is well
		}
		return nil, c.lost(ctx, err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	var wire wireError
	if err := newBounded(response.Body, answerLimit).decode(&wire); err != nil {
		return nil, fmt.Errorf("the node answered %s: %w", response.Status, err)
	}
	return nil, wire.error()
}

// lost says why a request got no whole answer: since its context ended, or since the connection
// did.
func (c *keptSession) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &LostError{Err: err}
}
