package provision

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/resource"
)

// TestHundredHosts: a run over a hundred hosts, of whose connections every second is lost at a
// random moment, does all that it should on each, and waits where it must.
func TestHundredHosts(t *testing.T) {
	const hosts, seed = 100, 42
	random := rand.New(rand.NewPCG(seed, seed)) // the same moments each time
	var (
		fakes []*fakeHost
		cuts  = map[string]func(fleet.Event){}
	)
	kinds := []string{fleet.EventStart, fleet.EventChange, fleet.EventDone}
	for i := range hosts {
		l := newLine(t, fmt.Sprintf("m%d", i+1))
		fakes = append(fakes, l.fakeHost)
		if i%2 == 1 {
			continue
		}
		at, of, cut := kinds[random.IntN(len(kinds))], []string{"a", "b", "c"}[random.IntN(3)], sync.OnceFunc(l.cut)
		cuts[l.Host.Name] = func(e fleet.Event) {
			if e.Kind == at && e.Component == of {
				cut()
			}
		}
	}
	wanted := func(component, host string) []resource.Resource {
		return fixture.ListOf(file("/"+component, component+host), file("/more/"+component, host))
	}
	r := runOf(t, wanted, fakes, component.Component{Name: "a"},
		component.Component{Name: "b", After: []string{"a"}}, component.Component{Name: "c", Needs: []string{"b"}})
	r.settles = true
	var seen reports
	r.options.Report = func(e fleet.Event) {
		seen.take(e)
		if cut := cuts[e.Host]; cut != nil {
			cut(e)
		}
	}
	summary, err := r.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(summary.Outcome.Finished); n != hosts {
		t.Errorf("%d hosts are finished, want %d: %+v", n, hosts, summary.Outcome)
	}
	for _, h := range fakes {
		for _, c := range []string{"a", "b", "c"} {
			if got := h.read(t, "/"+c) + h.read(t, "/more/"+c); got != c+h.Host.Name+h.Host.Name {
				t.Errorf("%s has %q of %s", h.Host.Name, got, c)
			}
		}
	}
	// c needs b of every host: no c was begun before the last b was done.
	last, first := -1, len(seen.events)
	for i, e := range seen.events {
		switch {
		case e.Kind == fleet.EventDone && e.Component == "b":
			last = i
		case e.Kind == fleet.EventStart && e.Component == "c":
			first = min(first, i)
		}
	}
	if first < last {
		t.Errorf("the first c was begun at event %d, and the last b done at event %d", first, last)
	}
}
