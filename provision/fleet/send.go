package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"kbootstrap/node"
	"kbootstrap/release"
)

// stallTimeout is how long a host may take nothing of a content.
const stallTimeout = 2 * time.Minute

// sendShort sends the host a content, as a delta to what it has where that can be. What goes wrong
// with a delta is no reason to be without the content: the host may have lost the base with its
// session, or a user may have changed the file that it became.
func (l *line) sendShort(ctx context.Context, c release.Content, w way) (got form, err error) {
	for _, d := range c.Deltas {
		if d.Base != release.Nothing && !l.got(d.Base) {
			continue
		}
		got = form{c.SHA256, d.Base}
		err := l.send(ctx, c, w, d.Base, d.Compressed, d.Open)
		if err == nil || ctx.Err() != nil || errors.As(err, new(*node.LostError)) {
			return got, err
		}
		break
	}
	return form{sum: c.SHA256}, l.send(ctx, c, w, "", c.Compressed, c.Open)
}

// got reports whether the host got a content in this session.
func (l *line) got(sum string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.has[sum]
}

// noteHas notes that the host got a content in this session.
func (l *line) noteHas(sum string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.has[sum] = true
}

// send sends the host a content by a stream of so many bytes, and tells how far it is.
func (l *line) send(
	ctx context.Context, c release.Content, w way, base string, length int64, open func() (io.ReadCloser, error),
) error {
	stream, err := open()
	if err != nil {
		return err
	}
	defer stream.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallTimeout, func() { cancel(fmt.Errorf("the host took nothing for %v", stallTimeout)) })
	defer stall.Stop()
	name := l.machine.Host.Name
	progress := func(bytes int64) {
		l.machine.noteUpload(c.Name, bytes, length)
		l.x.moved(w)
		l.tell(Event{Kind: EventSending, Host: name, Text: c.Name, Bytes: bytes})
	}
	l.machine.noteUpload(c.Name, 0, length)
	source := &counter{stream: stream, progress: progress, told: time.Now(), stall: stall}
	upload := node.Upload{Sum: c.SHA256, Size: c.Size, Base: base, Keep: l.x.shares(c.SHA256)}
	if err := l.machine.Client.Send(ctx, upload, source); err != nil {
		return err
	}
	l.noteHas(c.SHA256)
	l.bytes.Add(length)
	l.tell(Event{Kind: EventSent, Host: name, Text: c.Name, Bytes: length})
	return nil
}

// counter tells once a second how much was read of a stream.
type counter struct {
	stream   io.Reader
	progress func(bytes int64)
	read     int64
	told     time.Time
	stall    *time.Timer
}

// Read reads on.
func (c *counter) Read(p []byte) (int, error) {
	c.stall.Reset(stallTimeout)
	n, err := c.stream.Read(p)
	c.read += int64(n)
	if now := time.Now(); err == nil && now.Sub(c.told) >= time.Second {
		c.told = now
		c.progress(c.read)
	}
	return n, err
}
