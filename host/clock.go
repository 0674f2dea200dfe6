package host

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"
)

// Clock tells the time. Certificates, leases and logs are made by programs of the host, and what
// they see need not be the kernel's clock: a container may run under a shifted one. So the host's
// own date is asked, where there is one.
func (s *System) Clock(ctx context.Context) ClockAnswer {
	a := ClockAnswer{Received: time.Now()}
	before := time.Now()
	out, err := s.Run(ctx, "date", "+%s.%N")
	after := time.Now()
	if seen, ok := parseDate(out); err == nil && ok {
		// What lies between the two readings of the kernel's clock is no shift; starting a program
		// takes a while.
		switch {
		case seen.Before(before):
			a.Shift = seen.Sub(before.Round(0))
		case seen.After(after):
			a.Shift = seen.Sub(after.Round(0))
		}
	}
	a.Synchronized = isSynchronized()
	a.Answered = time.Now()
	return a
}

// ClockAnswer is when the host's clock showed what.
type ClockAnswer struct {
	Received, Answered time.Time     // by the kernel's clock
	Shift              time.Duration // of the clock that programs see against the kernel's
	Synchronized       bool
}

// parseDate reads seconds and nanoseconds since 1970. A date without nanoseconds, as busybox's, is
// of no use: it is up to a second behind.
func parseDate(out []byte) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(string(bytes.TrimSpace(out)), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanos, errFraction := strconv.ParseInt(fraction, 10, 64)
	if err != nil || errFraction != nil || len(fraction) != 9 {
		return time.Time{}, false
	}
	return time.Unix(seconds, nanos), true
}
