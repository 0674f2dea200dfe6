package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/remote"
)

// unreachedBy is a failure to connect.
func unreachedBy(host string) plan.Failure {
	return plan.Failure{Host: host, Component: "connect", Err: &remote.Error{
		Host: host, Op: "dial", Kind: remote.Unreachable, Err: errors.New("no route to host"),
	}}
}

// TestLeaveOut: who may be missing, from what.
func TestLeaveOut(t *testing.T) {
	found := host.Facts{EtcdBootstrapped: "kbootstrap-ha"}
	two, all := Scope{Tolerance: Tolerance{Hosts: 2}}, Scope{Tolerance: Tolerance{Percent: 100}}
	for _, test := range []struct {
		what  string
		scope Scope
		facts host.Facts
		away  []string
		looks bool       // it is a run that only looks
		want  fault.Code // of the refusal
		plain bool       // or the failures alone
		lead  string
	}{
		{what: "none", facts: found, lead: "m1"},
		{what: "a worker, without a word about it", facts: found, away: []string{"w1"}, plain: true},
		{what: "a worker, who may", scope: two, facts: found, away: []string{"w1"}, lead: "m1"},
		{what: "three, of whom two may", scope: two, facts: found, away: []string{"m2", "m3", "w1"}, plain: true},
		{
			what: "three, seen by a run that only reads", scope: all, looks: true, facts: found,
			away: []string{"m1", "m2", "m3"},
		},
		{
			what: "all, seen by a run that only reads", scope: all, looks: true, facts: found,
			away: []string{"m1", "m2", "m3", "w1"}, plain: true,
		},
		{what: "the first control plane", scope: two, facts: found, away: []string{"m1"}, lead: "m2"},
		{what: "a worker of a new cluster", scope: two, away: []string{"w1"}, lead: "m1"},
		{what: "a member of a new cluster", scope: two, away: []string{"m2"}, want: fault.NotFounded},
		{
			what: "every control plane", scope: Scope{Tolerance: Tolerance{Percent: 80}}, facts: found,
			away: []string{"m1", "m2", "m3"}, want: fault.NoControlPlane,
		},
	} {
		c := fixture.Parse(t, fixture.Ha)
		r := &Run{Cluster: c, Scope: test.scope, Fleet: fleet.Fleet{}, Unreached: map[string]error{}}
		var failures plan.Failures
		r.dial = func(_ context.Context, hosts []inventory.Host, _ fleet.Options, _ bool) (fleet.Fleet, error) {
			reached := fleet.Fleet{}
			for _, h := range hosts {
				if slices.Contains(test.away, h.Name) {
					failures = append(failures, unreachedBy(h.Name))
				} else {
					reached[h.Name] = &fleet.Machine{Host: h, Facts: test.facts}
				}
			}
			return reached, failures.ErrOrNil()
		}
		stages := []Stage{Connect, CheckFounding}
		if test.looks {
			stages = []Stage{Connect}
		}
		err := goThrough(t.Context(), r, stages)
		var cause *remote.Error
		switch {
		case test.want != "" && (fault.Of(err) != test.want || !errors.As(err, &cause)):
			t.Errorf("%s: got %v", test.what, err)
		case test.plain && (len(failures) != len(errorsOf(err)) || fault.NotFounded.Is(err)):
			t.Errorf("%s: got %v", test.what, err)
		case test.want == "" && !test.plain && (err != nil || r.lead != test.lead):
			t.Errorf("%s: got %v, %q leads", test.what, err, r.lead)
		}
	}
}

// TestStillFounded: hosts that are lost while the plan is looked at are judged as those that were
// never reached, and a run does not go on with the plan of another lead.
func TestStillFounded(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	found := host.Facts{EtcdBootstrapped: "kbootstrap-ha"}
	plans, changes := []Stage{CheckFounding}, []Stage{CheckFounding, KeepLead}
	for _, test := range []struct {
		what   string
		stages []Stage
		facts  host.Facts
		away   []string
		want   fault.Code
		plain  bool
	}{
		{what: "none", stages: changes, facts: found},
		{what: "another control plane", stages: changes, facts: found, away: []string{"m2"}},
		{what: "the lead", stages: changes, facts: found, away: []string{"m1"}, plain: true},
		{what: "the lead, seen by who plans", stages: plans, facts: found, away: []string{"m1"}},
		{
			what: "every control plane", stages: changes, facts: found, away: []string{"m1", "m2", "m3"},
			want: fault.NoControlPlane,
		},
		{what: "a member of a new cluster", stages: changes, away: []string{"m2"}, want: fault.NotFounded},
	} {
		r := &Run{Cluster: c, Scope: Scope{Tolerance: Tolerance{Hosts: 3}}, Unreached: map[string]error{}}
		r.dial = func(_ context.Context, hosts []inventory.Host, _ fleet.Options, _ bool) (fleet.Fleet, error) {
			reached := fleet.Fleet{}
			for _, h := range hosts {
				reached[h.Name] = &fleet.Machine{Host: h, Facts: test.facts}
			}
			return reached, nil
		}
		if err := goThrough(t.Context(), r, []Stage{Connect, CheckFounding}); err != nil {
			t.Fatal(err)
		}
		var failures plan.Failures
		for _, name := range test.away {
			failures = append(failures, unreachedBy(name))
		}
		if err := r.leaveOut(failures.ErrOrNil()); err != nil {
			t.Fatal(err)
		}
		err := goThrough(t.Context(), r, test.stages)
		switch {
		case test.want != "" && fault.Of(err) != test.want,
			test.plain && (len(errorsOf(err)) != len(test.away) || fault.NotFounded.Is(err)),
			test.want == "" && !test.plain && err != nil:
			t.Errorf("%s: got %v", test.what, err)
		}
	}
}

func errorsOf(err error) plan.Failures {
	var failures plan.Failures
	errors.As(err, &failures)
	return failures
}

// TestLockedIsNoSickness: a host on which another run is at work ends this one, however many may be
// missing.
func TestLockedIsNoSickness(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	r := &Run{Cluster: c, Scope: Scope{Tolerance: Tolerance{Percent: 100}}, Unreached: map[string]error{}}
	locked := plan.Failures{{Host: "w1", Component: "connect", Err: &node.LockedError{}}}
	if err := r.leaveOut(locked); !errors.As(err, new(*node.LockedError)) {
		t.Errorf("got %v", err)
	}
}

// TestLimitFoundsNothing: a run that is limited to a worker says that there is no cluster which it
// could join.
func TestLimitFoundsNothing(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	r := &Run{
		Cluster: c, Scope: Scope{Hosts: []string{"w1"}}, Fleet: fleet.Fleet{"m1": {}, "w1": {}},
		Unreached: map[string]error{},
	}
	err := CheckFounding(t.Context(), r)
	if !fault.NotFounded.Is(err) || !strings.Contains(err.Error(), "m2, m3") {
		t.Errorf("got %v", err)
	}
}

// TestReach: a limited run asks another control plane when the first is out of reach, and only
// then.
func TestReach(t *testing.T) {
	for _, test := range []struct {
		what   string
		limit  []string
		away   []string
		locked bool
		hosts  []string // that the run is about
		failed []string
	}{
		{what: "all", hosts: []string{"m1", "m2", "m3", "w1"}},
		{
			what: "all, and the first is away", away: []string{"m1"}, hosts: []string{"m1", "m2", "m3", "w1"},
			failed: []string{"m1"},
		},
		{what: "a worker", limit: []string{"w1"}, hosts: []string{"m1", "w1"}},
		{what: "a worker without the first", limit: []string{"w1"}, away: []string{"m1"}, hosts: []string{"m2", "w1"}},
		{what: "a worker without two", limit: []string{"w1"}, away: []string{"m1", "m2"}, hosts: []string{"m3", "w1"}},
		{
			what: "a worker without all", limit: []string{"w1"}, away: []string{"m1", "m2", "m3"},
			hosts: []string{"m1", "w1"}, failed: []string{"m1"},
		},
		{
			what: "a worker that is away too", limit: []string{"w1"}, away: []string{"m1", "w1"},
			hosts: []string{"m2", "w1"}, failed: []string{"w1"},
		},
		{
			what: "the first itself", limit: []string{"m1"}, away: []string{"m1"}, hosts: []string{"m1"},
			failed: []string{"m1"},
		},
		{what: "another control plane", limit: []string{"m3"}, away: []string{"m1"}, hosts: []string{"m2", "m3"}},
		{
			what: "a control plane that is away too", limit: []string{"m2"}, away: []string{"m1", "m2"},
			hosts: []string{"m2", "m3"}, failed: []string{"m2"},
		},
		{
			what: "a worker, and the first is locked", limit: []string{"w1"}, away: []string{"m1"}, locked: true,
			hosts: []string{"m1", "w1"}, failed: []string{"m1"},
		},
	} {
		c := fixture.Parse(t, fixture.Ha)
		r := &Run{Cluster: c, Scope: Scope{Hosts: test.limit}, Unreached: map[string]error{}}
		err := r.reach(func(hosts []inventory.Host) (fleet.Fleet, error) {
			reached, failures := fleet.Fleet{}, plan.Failures(nil)
			for _, h := range hosts {
				switch {
				case slices.Contains(test.away, h.Name) && test.locked:
					failures = append(failures, plan.Failure{
						Host: h.Name, Component: "connect", Err: &node.LockedError{},
					})
				case slices.Contains(test.away, h.Name):
					failures = append(failures, unreachedBy(h.Name))
				default:
					reached[h.Name] = &fleet.Machine{Host: h}
				}
			}
			return reached, failures.ErrOrNil()
		})
		var about []string
		for _, h := range r.hosts {
			about = append(about, h.Name)
			if r.Fleet[h.Name] == nil && !slices.Contains(test.failed, h.Name) && !slices.Contains(test.away, h.Name) {
				t.Errorf("%s: %s was not reached", test.what, h.Name)
			}
		}
		if d := cmp.Diff(test.hosts, about); d != "" {
			t.Errorf("%s: about\n%s", test.what, d)
		}
		if d := cmp.Diff(test.failed, errorsOf(err).Hosts()); d != "" {
			t.Errorf("%s: failed\n%s", test.what, d)
		}
		if asked := slices.Contains(about, "m1"); len(test.limit) > 0 && (len(r.Warnings) == 0) != asked {
			t.Errorf("%s: warned %q", test.what, r.Warnings)
		}
	}
}
