package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// Client is the control machine's end of the wire to one host. Its methods may be called at the same time. They return a
// *RemoteError for what went wrong on the host, a *LockedError, a *LostError when the connection ended, or the cause of
// their context's end.
type Client struct {
	idle   time.Duration
	redial Redial
	turn   chan struct{} // who has it replaces the connection

	stopped context.Context // ended by Stop
	stop    context.CancelFunc

	mu     sync.Mutex
	link   *link
	given  error // why there is no other connection
	closed bool
}

// NewClient speaks to a node over rwc, from which the sentinel line has been read. It does not wait for the node; a node
// that does not answer shows in the first request. Close ends it.
func NewClient(rwc io.ReadWriteCloser) *Client { return newClient(rwc, idleTimeout) }

func newClient(rwc io.ReadWriteCloser, idle time.Duration) *Client {
	c := &Client{idle: idle, link: newLink(rwc, idle), turn: make(chan struct{}, 1)}
	c.stopped, c.stop = context.WithCancel(context.Background())
	return c
}

// Close ends the connection and with it the node on the host. Requests under way end with a *LostError.
func (c *Client) Close() error {
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

// Facts gathers the facts of the host.
func (c *Client) Facts(ctx context.Context) (host.Facts, error) {
	var facts host.Facts
	err := c.again(ctx, "facts", func() error { return c.ask(ctx, "/v1/facts", nil, &facts) })
	return facts, err
}

// Lock makes this session the only one that may change the host, until the node ends. When another session is that
// already, the error is a *LockedError. Converge, Restore and Send take the lock by themselves, but cannot say for whom.
func (c *Client) Lock(ctx context.Context, holder Holder) error {
	return c.ask(ctx, "/v1/lock", holder, nil)
}

// Observe returns what is found on the host for each of the resources, in their order. Where the state is the wanted one,
// that is the wanted value itself.
func (c *Client) Observe(ctx context.Context, wanted []resource.Resource) ([]resource.Resource, error) {
	text, err := resource.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	var answer observed
	err = c.again(ctx, "observe", func() error {
		answer = observed{}
		return c.askRaw(ctx, "/v1/observe", text, &answer)
	})
	if err != nil {
		return nil, err
	}
	differ, err := resource.Unmarshal(answer.Found)
	if err != nil {
		return nil, err
	}
	if len(differ) != len(answer.Differ) {
		return nil, fmt.Errorf("the node answered %d of %d differences", len(differ), len(answer.Differ))
	}
	found := slices.Clone(wanted)
	for k, i := range answer.Differ {
		if i < 0 || i >= len(found) {
			return nil, fmt.Errorf("the node answered for resource %d of %d", i, len(found))
		}
		found[i] = differ[k]
	}
	return found, nil
}

// Converge makes the host what the resources say, in their order, and tells of each change as it happens. The component
// comes back in the events; two calls for the same component go one after the other. It returns when all is done or at
// the first error. What waits for a content asks for it with an EventNeed, and waits until Send brings it or Abandon says
// that it will not come. The events are called one at a time.
func (c *Client) Converge(ctx context.Context, component string, wanted []resource.Resource, events func(Event)) error {
	text, err := resource.Marshal(wanted)
	if err != nil {
		return err
	}
	return c.again(ctx, component, func() error {
		return c.change(ctx, "/v1/converge?component="+url.QueryEscape(component), text, events)
	})
}

// Restore puts back everything on the host that the tool has ever changed, as it was before the tool first came, and
// leaves out the resources whose IDs begin with the words of one of the texts in skip: "swap" is all swap, "service
// docker" one service. It goes on after a failure and returns them all.
func (c *Client) Restore(ctx context.Context, skip []string, events func(Event)) error {
	text, err := json.Marshal(skip)
	if err != nil {
		return err
	}
	return c.again(ctx, "restore", func() error { return c.change(ctx, "/v1/restore", text, events) })
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

	response, err := c.do(ctx, http.MethodPost, path, bytes.NewReader(question))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	for {
		var m message
		if err := decoder.Decode(&m); err != nil {
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

// Stop asks the host to begin nothing more in this session: each Converge ends with a *StoppedError, at once where it only
// waits, or when what it is at is whole: a service that is being changed becomes healthy first, as wanted or as before. A
// connection that is lost is not replaced any more.
func (c *Client) Stop(ctx context.Context) error {
	c.stop()
	return c.ask(ctx, "/v1/stop", nil, nil)
}

// Flush returns when all that was written to the host is on its disk. Only then does the host keep it through a power
// cut.
func (c *Client) Flush(ctx context.Context) error {
	return c.again(ctx, "flush", func() error { return c.ask(ctx, "/v1/flush", nil, nil) })
}

// Missing returns those of the sums whose contents the host lacks, in the same order.
func (c *Client) Missing(ctx context.Context, sums []string) ([]string, error) {
	var missing []string
	err := c.again(ctx, "contents", func() error { return c.ask(ctx, "/v1/missing", sums, &missing) })
	return missing, err
}

// Send uploads one content: the sum is the sha256 in hex and the size the length in bytes of what the zstd stream
// decompresses to. It returns when the content is verified. After an error nothing of it is left
// there, and who waits for it goes on waiting: send it again, or Abandon it. Send does not touch the reader after it has
// returned, so a Read must end when ctx does.
func (c *Client) Send(ctx context.Context, sum string, size int64, zstd io.Reader) error {
	path := "/v1/blobs/" + url.PathEscape(sum) + "?size=" + strconv.FormatInt(size, 10)
	source := &detachable{r: zstd}
	defer source.detach()
	response, err := c.do(ctx, http.MethodPut, path, source)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// Abandon tells the host that a content will not come, and why. Whoever waits for it there fails with that cause. A later
// Send takes it back.
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

// Certificates reads the certificates in files of the host; files that do not exist are left out.
func (c *Client) Certificates(ctx context.Context, paths []string) ([]host.Certificate, error) {
	var found []host.Certificate
	err := c.again(ctx, "certificates", func() error { return c.ask(ctx, "/v1/certificates", paths, &found) })
	return found, err
}

// ask sends a value and reads the answer into another, unless that is nil.
func (c *Client) ask(ctx context.Context, path string, question, into any) error {
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	return c.askRaw(ctx, path, text, into)
}

// answerTimeout is how long a node may take for an answer without a stream of events. Syncing gigabytes to a slow disk
// takes minutes.
const answerTimeout = 10 * time.Minute

// askRaw sends JSON and reads the answer into a value, unless that is nil.
func (c *Client) askRaw(ctx context.Context, path string, question []byte, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("no answer to %s in %s", path, answerTimeout))
	defer cancel()
	response, err := c.do(ctx, http.MethodPost, path, bytes.NewReader(question))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return c.lost(ctx, err)
	}
	return nil
}

// do sends a request and returns its response if that is a good one.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://node"+path, body)
	if err != nil {
		return nil, err
	}
	l := c.current()
	select {
	case <-l.dialled:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if l.err != nil {
		return nil, c.lost(ctx, l.err)
	}
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
	if err := json.NewDecoder(response.Body).Decode(&wire); err != nil {
		return nil, fmt.Errorf("the node answered %s: %w", response.Status, err)
	}
	return nil, wire.error()
}

// lost says why a request got no whole answer: since its context ended, or since the connection did.
func (c *Client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &LostError{Err: err}
}
