package fleet

import (
	"context"
	"fmt"
	"io"
	"time"

	"kbootstrap/release"
)

// stallTimeout is how long a host may take nothing of a content.
const stallTimeout = 2 * time.Minute

// send sends the host a content, and tells how far it is.
func (l *line) send(ctx context.Context, c release.Content) error {
	stream, err := c.Open()
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
		l.machine.noteUpload(c, bytes)
		l.tell(Event{Kind: EventSending, Host: name, Text: c.Name, Bytes: bytes})
	}
	l.machine.noteUpload(c, 0)
	source := &counter{stream: stream, progress: progress, told: time.Now(), stall: stall}
	if err := l.machine.Client.Send(ctx, c.SHA256, c.Size, source); err != nil {
		return err
	}
	l.bytes.Add(c.Compressed)
	l.tell(Event{Kind: EventSent, Host: name, Text: c.Name, Bytes: c.Compressed})
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
