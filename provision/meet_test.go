package provision

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
)

// TestMeet: hosts that answer tell their facts, and those that do not, why; the run goes on either
// way. Their sessions have ended by then, and a run that is stopped has no answer.
func TestMeet(t *testing.T) {
	var served sync.WaitGroup
	h := &fakeHost{root: t.TempDir(), runs: map[string]bool{}, Machine: &fleet.Machine{}}
	away := errors.New("no route to host")
	o := fleet.Options{Dial: func(ctx context.Context, to inventory.Host) (node.Stream, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if to.Name != "here" {
			return nil, away
		}
		near, far := net.Pipe()
		h.serve(t, far, &served)
		return memory{near}, nil
	}}
	hosts := []inventory.Host{{Name: "here"}, {Name: "away"}}
	facts, failed, err := Meet(t.Context(), hosts, o)
	if err != nil || len(facts) != 1 || len(facts["here"].Interfaces) == 0 {
		t.Errorf("facts %v, %v", facts, err)
	}
	if len(failed) != 1 || !errors.Is(failed["away"], away) {
		t.Errorf("failed %v", failed)
	}
	served.Wait()

	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := Meet(stopped, hosts, o); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped: %v", err)
	}
}
