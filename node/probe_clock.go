package node

import (
	"context"
	"net/http"
	"time"

	"kbootstrap/host"
)

// Clock is how far the clock of a host is from that of the control machine.
type Clock struct {
	// Offset is positive when the host's clock is ahead.
	Offset time.Duration
	// Error is by how much the offset may be wrong: half of the time that the question and the answer travelled.
	Error time.Duration
	// Synchronized says that the kernel's clock is disciplined, by NTP or the hypervisor.
	Synchronized bool
}

// Clock compares the host's clock with ours, as NTP does: the time that the messages travelled is taken off, half of it in
// each direction.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	var a host.ClockAnswer
	asked := time.Now()
	if err := c.ask(ctx, "/v1/probe/clock", nil, &a); err != nil {
		return Clock{}, err
	}
	answered := time.Now()
	there := a.Received.Sub(asked.Round(0)) // wall clocks on both sides
	back := a.Answered.Sub(answered.Round(0))
	return Clock{
		Offset: (there+back)/2 + a.Shift, Error: (there - back).Abs() / 2, Synchronized: a.Synchronized,
	}, nil
}

func (s *server) clock(w http.ResponseWriter, r *http.Request) error {
	return answer(w, s.sys.Clock(r.Context()))
}
