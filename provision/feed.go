package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// latePatience is how long late contents wait for the API. It takes some 3 s to start on an idle machine.
const latePatience = 10 * time.Second

// feedAll sends every host the contents that its steps lack, in the order of the steps. What the whole cluster waits for
// goes first: no worker takes from the line while a control plane lacks its API server. What comes late waits for the API,
// but not for ever: an API that does not come is no reason to keep docker from a host.
func (r *Run) feedAll(ctx context.Context, api *fleet.Latch, sent map[string]*atomic.Int64) {
	for _, turn := range []plan.Turn{plan.Urgent, plan.InTurn, plan.Late} {
		if turn == plan.Late {
			api.Wait(ctx, latePatience)
		}
		var feeders sync.WaitGroup
		for _, h := range r.Plan.Hosts() {
			feeders.Go(func() { r.feed(ctx, h, r.lacking(h, turn), sent[h.Name]) })
		}
		feeders.Wait()
	}
	var rest sync.WaitGroup
	for _, h := range r.Plan.Hosts() {
		rest.Go(func() {
			for _, sum := range r.present(h) {
				_ = r.Fleet[h.Name].Client.Abandon(ctx, sum, errors.New("it was there when the plan was made; run the same command again"))
			}
		})
	}
	rest.Wait()
}

// feed sends a host contents. One that cannot be sent fails whoever waits for it, there on the host.
func (r *Run) feed(ctx context.Context, h inventory.Host, contents []release.Content, sent *atomic.Int64) {
	client := r.Fleet[h.Name].Client
	sums := make([]string, len(contents))
	for i, c := range contents {
		sums[i] = c.SHA256
	}
	missing, err := client.Missing(ctx, sums)
	if err != nil {
		for _, sum := range sums {
			_ = client.Abandon(ctx, sum, err) // without a connection, every step of this host says so
		}
		return
	}
	for _, c := range contents {
		if !slices.Contains(missing, c.SHA256) {
			continue
		}
		progress := func(bytes int64) {
			r.options.Tell(fleet.Event{Kind: fleet.EventSending, Host: h.Name, Text: c.Name, Bytes: bytes})
		}
		m := r.Fleet[h.Name]
		m.Sending(c, 0)
		err := send(ctx, client, c, func(bytes int64) {
			m.Sending(c, bytes)
			progress(bytes)
		})
		var lost *node.LostError
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case errors.As(err, &lost):
			_, _ = client.Missing(ctx, nil) // opens another session, which is fed anew
			return
		}
		m.Sent()
		if err != nil {
			_ = client.Abandon(ctx, c.SHA256, fmt.Errorf("send %s: %w", c.Name, err))
			continue
		}
		sent.Add(c.Compressed)
		r.options.Tell(fleet.Event{Kind: fleet.EventSent, Host: h.Name, Text: c.Name, Bytes: c.Compressed})
	}
}

// stallTimeout is how long a host may take nothing of a content.
const stallTimeout = 2 * time.Minute

func send(ctx context.Context, client *node.Client, c release.Content, progress func(bytes int64)) error {
	stream, err := c.Open()
	if err != nil {
		return err
	}
	defer stream.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallTimeout, func() { cancel(fmt.Errorf("the host took nothing for %v", stallTimeout)) })
	defer stall.Stop()
	return client.Send(ctx, c.SHA256, c.Size, &counter{stream: stream, progress: progress, told: time.Now(), stall: stall})
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

// lacking are the contents of the resources that differ on a host, of the components of one turn.
func (r *Run) lacking(h inventory.Host, turn plan.Turn) []release.Content {
	var contents []release.Content
	turns := r.Plan.Turns()
	seen := map[string]bool{}
	for _, s := range r.Plan.Steps {
		if s.At != h.Name || turns[s.Component.Name] != turn {
			continue
		}
		for _, change := range s.Changes() {
			sum, _ := resource.Contents(change.Wanted)
			if sum == "" || seen[sum] {
				continue
			}
			seen[sum] = true
			if content, ok := s.Target.Release.BySum(sum); ok {
				contents = append(contents, content)
			}
		}
	}
	return contents
}

// present are the sums of contents that a host had when the plan was made. Nobody sends them, so who lacks one all the
// same must be told, or would wait for ever.
func (r *Run) present(h inventory.Host) []string {
	var sums []string
	for _, s := range r.Plan.Steps {
		if s.At != h.Name {
			continue
		}
		for i, w := range s.Wanted {
			if sum, _ := resource.Contents(w); sum != "" && !resource.Changed(s.Found[i], w) {
				sums = append(sums, sum)
			}
		}
	}
	lacking := slices.Concat(r.lacking(h, plan.Urgent), r.lacking(h, plan.InTurn), r.lacking(h, plan.Late))
	return slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(sums))), func(sum string) bool {
		return slices.ContainsFunc(lacking, func(c release.Content) bool { return c.SHA256 == sum })
	})
}
