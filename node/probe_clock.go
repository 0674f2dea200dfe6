package node

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
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

// clockAnswer is when the host's clock showed what.
type clockAnswer struct {
	Received, Answered time.Time     // by the kernel's clock
	Shift              time.Duration // of the clock that programs see against the kernel's
	Synchronized       bool
}

// Clock compares the host's clock with ours, as NTP does: the time that the messages travelled is taken off, half of it in
// each direction.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	var a clockAnswer
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

// clock tells the time. Certificates, leases and logs are made by programs of the host, and what they see need not be the
// kernel's clock: a container may run under a shifted one. So the host's own date is asked, where there is one.
func (s *server) clock(w http.ResponseWriter, r *http.Request) error {
	a := clockAnswer{Received: time.Now()}
	before := time.Now()
	out, err := s.sys.Run(r.Context(), "date", "+%s.%N")
	after := time.Now()
	if seen, ok := parseDate(out); err == nil && ok {
		// What lies between the two readings of the kernel's clock is no shift; starting a program takes a while.
		switch {
		case seen.Before(before):
			a.Shift = seen.Sub(before.Round(0))
		case seen.After(after):
			a.Shift = seen.Sub(after.Round(0))
		}
	}
	var kernel unix.Timex
	state, err := unix.Adjtimex(&kernel)
	a.Synchronized = err == nil && state != unix.TIME_ERROR && kernel.Status&unix.STA_UNSYNC == 0
	a.Answered = time.Now()
	return answer(w, a)
}

// parseDate reads seconds and nanoseconds since 1970. A date without nanoseconds, as busybox's, is of no use: it is up to
// a second behind.
func parseDate(out []byte) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(string(bytes.TrimSpace(out)), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanos, errFraction := strconv.ParseInt(fraction, 10, 64)
	if err != nil || errFraction != nil || len(fraction) != 9 {
		return time.Time{}, false
	}
	return time.Unix(seconds, nanos), true
}
