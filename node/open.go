package node

import (
	"context"
	"net/http"
	"sync"
	"time"

	"kbootstrap/host"
)

// Greeting is what a host tells when a session to it is opened.
type Greeting struct {
	Facts host.Facts
	Clock Clock
}

// Clock is how far the clock of a host is from that of the control machine.
type Clock struct {
	// Offset is positive when the host's clock is ahead.
	Offset time.Duration
	// Error is by how much the offset may be wrong: half of the time that the question and the
	// answer travelled.
	Error time.Duration
	// Synchronized says that the kernel's clock is disciplined, by NTP or the hypervisor.
	Synchronized bool
}

// openQuestion asks for a session. With a holder it is the only one that may change the host.
type openQuestion struct {
	Holder *Holder      `json:",omitempty"`
	Acting *host.Acting `json:",omitempty"`
	Units  []string     // whose existence is a fact that is wanted
}

// openAnswer has the facts, and the times between which the host was at work.
type openAnswer struct {
	Facts host.Facts
	Clock host.ClockAnswer
}

// open begins the session: it asks for the facts of the host and compares its clock with ours. With
// a holder it makes this session the only one that may change the host, until the node ends; when
// another session is that already, the error is a *LockedError. Converge, Restore and Send take the
// lock by themselves, but cannot say for whom. Acting is in whose name the session speaks to the
// API; nil means the user of each kubeconfig.
func (c *keptSession) open(ctx context.Context, holder *Holder, acting *host.Acting, units []string) (Greeting, error) {
	if err := c.current().wait(ctx); err != nil { // it must not count as time that the question travels
		return Greeting{}, c.lost(ctx, err)
	}
	var a openAnswer
	asked := time.Now()
	if err := c.ask(ctx, "/v1/open", openQuestion{holder, acting, units}, &a); err != nil {
		return Greeting{}, err
	}
	return Greeting{Facts: a.Facts, Clock: clockOf(asked, time.Now(), a.Clock)}, nil
}

// clockOf compares two clocks, as NTP does: the time that the messages travelled is taken off, half
// of it in each direction.
func clockOf(asked, answered time.Time, a host.ClockAnswer) Clock {
	there := a.Received.Sub(asked.Round(0)) // wall clocks on both sides
	back := a.Answered.Sub(answered.Round(0))
	return Clock{
		Offset: (there+back)/2 + a.Shift, Error: (there - back).Abs() / 2, Synchronized: a.Synchronized,
	}
}

func (s *server) open(w http.ResponseWriter, r *http.Request) error {
	received := time.Now()
	var q openQuestion
	if err := decode(w, r, &q); err != nil {
		return err
	}
	if q.Acting != nil {
		s.sys.Act(*q.Acting)
	}
	if q.Holder != nil {
		if err := s.exclusive(*q.Holder); err != nil {
			return err
		}
	}
	var a openAnswer
	var both sync.WaitGroup
	both.Go(func() { a.Clock = s.sys.Clock(r.Context()) })
	a.Facts = s.sys.Facts(r.Context(), q.Units...)
	both.Wait()
	a.Clock.Received, a.Clock.Answered = received, time.Now()
	return answer(w, a)
}
