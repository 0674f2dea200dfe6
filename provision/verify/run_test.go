package verify

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// tried are the outcomes by the names of their checks, and the error of the run. Nothing of it may
// be left.
func tried(t *testing.T, ctx context.Context, w *theatre, s *Scene, only ...string) (map[string]Outcome, error) {
	t.Helper()
	selected, err := Select(only, false)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	outcomes, err := Run(ctx, s, selected, func(Outcome) { told++ })
	if told != len(outcomes) || len(outcomes) != len(selected)+1 {
		t.Errorf("%d outcomes, %d were told, %d checks", len(outcomes), told, len(selected))
	}
	byName := map[string]Outcome{}
	for _, o := range outcomes {
		byName[o.Check.Name] = o
	}
	for path, o := range w.objects {
		if strings.Contains(path, prefix) {
			t.Errorf("left: %s", path)
		}
		if _, labelled := part(o, "metadata", "labels")[mark]; labelled {
			t.Errorf("%s still has the label", path)
		}
	}
	return byName, err
}

func TestAllPass(t *testing.T) {
	w, s := withEntrances(t)
	outcomes, err := tried(t, t.Context(), w, s)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range outcomes {
		want := Pass
		if name == "logstore" {
			want = Skipped // it is off
		}
		if o.Result != want {
			t.Errorf("%s: %s: %s %v", name, o.Result, o.Text, o.Failures)
		}
		if name == "rollout" && !strings.Contains(o.Text, "none failed") {
			t.Errorf("rollout: %s", o.Text)
		}
	}
}

// TestWithoutAPI: nothing is tried, and no check passes for it.
func TestWithoutAPI(t *testing.T) {
	w, s := newTheatre(t)
	w.dead = true
	outcomes, err := tried(t, t.Context(), w, s, "pods", "dns")
	if err != nil || outcomes["api"].Result != Fail || outcomes["pods"].Result != Unknown ||
		outcomes["dns"].Text == "" {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

// TestStopped: a run that is stopped in the middle removes what it has made.
func TestStopped(t *testing.T) {
	w, s := newTheatre(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("Ctrl-C")
	w.deaf = func(_, _, _ string) bool {
		cancel(stop)
		return true
	}
	outcomes, err := tried(t, ctx, w, s)
	if err != nil || outcomes["pods"].Result != Unknown || outcomes["placement"].Result != Unknown {
		t.Errorf("%v: %+v", err, outcomes["pods"])
	}
	if !slices.ContainsFunc(w.writes, func(line string) bool {
		return strings.HasPrefix(line, "DELETE /api/v1/namespaces/"+prefix)
	}) {
		t.Errorf("the namespace was not removed: %v", w.writes)
	}
}

// TestPanic: a bug in one check is a failure of that one.
func TestPanic(t *testing.T) {
	_, s := newTheatre(t)
	outcomes, err := Run(t.Context(), s, []Check{
		{Name: "a", Try: func(context.Context, *Scene) (string, []Failure) { panic("oh") }},
		{Name: "b", Alone: true, Try: func(context.Context, *Scene) (string, []Failure) { return "fine", nil }},
		{Name: "c", Absent: func(context.Context, *Scene) string { return "not on" }},
	}, func(Outcome) {})
	if err != nil || outcomes[1].Result != Fail || !strings.Contains(outcomes[1].Failures[0].Text, "oh") ||
		outcomes[2].Result != Pass || outcomes[3].Result != Skipped || outcomes[3].Text != "not on" {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

// TestSweep: what a killed verification left is removed, and nothing of others that looks like it.
func TestSweep(t *testing.T) {
	w, s := newTheatre(t)
	left := object{"metadata": object{"name": prefix + "old", "labels": object{mark: "old"}}}
	w.objects["/api/v1/namespaces/"+prefix+"old"] = left
	w.objects["/api/v1/namespaces/theirs"] = object{"metadata": object{"name": "theirs", "labels": object{mark: "x"}}}
	node := w.objects["/api/v1/nodes/w1"]
	node["metadata"] = object{"name": "w1", "labels": object{mark: "old", "keep": "me"}}
	node["spec"] = object{"taints": []any{
		object{"key": mark, "effect": "NoSchedule"}, object{"key": "gpu", "effect": "NoSchedule"},
	}}
	if _, failures := open(t.Context(), s); failures != nil {
		t.Fatal(failures)
	}
	if err := s.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.objects["/api/v1/namespaces/"+prefix+"old"] != nil || w.objects["/api/v1/namespaces/theirs"] == nil {
		t.Error("the wrong namespaces were removed")
	}
	labels := part(w.objects["/api/v1/nodes/w1"], "metadata", "labels")
	taints, _ := part(w.objects["/api/v1/nodes/w1"], "spec")["taints"].([]any)
	if len(labels) != 1 || len(taints) != 1 || part(object{"taint": taints[0]}, "taint")["key"] != "gpu" {
		t.Errorf("labels %v, taints %v", labels, taints)
	}
}

// TestLeft: a namespace that does not go is told with a code.
func TestLeft(t *testing.T) {
	w, s := newTheatre(t)
	if _, failures := open(t.Context(), s); failures != nil {
		t.Fatal(failures)
	}
	w.dead = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.close(ctx); !fault.VerifyLeft.Is(err) {
		t.Errorf("got %v", err)
	}
}

// TestBrokenWays: what does not arrive is found by the check of its kind, on its host, with its
// cause.
func TestBrokenWays(t *testing.T) {
	for _, c := range []struct {
		name  string
		check string
		deaf  func(from, to, ask string) bool
		spoil func(*host.Network)
		stop  []string
		cause string
	}{
		{
			name: "a host forwards nothing", check: "pods",
			deaf:  func(from, to, ask string) bool { return from != to && strings.Contains(ask, "/dial") },
			spoil: func(n *host.Network) { n.Forward = "0" }, cause: "net.ipv4.ip_forward is 0",
		},
		{
			name: "large packets vanish", check: "pods",
			deaf:  func(from, to, ask string) bool { return from != to && len(ask) > large },
			spoil: func(n *host.Network) { n.Devices[1].MTU = 1500 }, cause: "flannel.1 has MTU 1500",
		},
		{
			name: "a port is blocked", check: "pods",
			deaf: func(from, to, ask string) bool { return from != to && strings.Contains(ask, "/dial") },
			spoil: func(n *host.Network) {
				n.Drops = []string{
					"filter: -A INPUT -p tcp --dport 25 -j DROP", "filter: -A INPUT -p udp -m udp --dport 8472 -j DROP",
				}
			},
			cause: "--dport 8472 -j DROP",
		},
		{
			name: "a route is lost", check: "pods",
			deaf: func(from, to, ask string) bool { return from != to && strings.Contains(ask, "/dial") },
			spoil: func(n *host.Network) {
				n.Routes = slices.DeleteFunc(n.Routes, func(r host.Route) bool {
					return r.To == netip.MustParsePrefix("10.244.0.0/24")
				})
			},
			cause: "no route to the pods of cp1",
		},
		{
			name: "policies are not enforced", check: "policy", spoil: func(n *host.Network) { n.Chains = nil },
			cause: "does not have the rules of kube-router",
		},
		{
			name: "kube-proxy is stopped", check: "services",
			deaf: func(_, _, ask string) bool { return strings.Contains(ask, "10.96.") },
			stop: []string{"kube-proxy.service"}, cause: "kube-proxy.service does not run",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, s := newTheatre(t)
			w.deaf, w.stopped = c.deaf, map[string][]string{"w1": c.stop}
			n := sane(w.cluster)
			if c.spoil != nil {
				c.spoil(&n)
			}
			w.network["w1"], w.lax = n, c.check == "policy"
			outcomes, err := tried(t, t.Context(), w, s, c.check)
			o := outcomes[c.check]
			if err != nil || o.Result != Fail || len(o.Causes) != 1 || o.Causes[0].Host != "w1" ||
				!strings.Contains(o.Causes[0].Text, c.cause) {
				t.Errorf("%s: %+v, %v", o.Result, o.Causes, err)
			}
			hasRoutes := func(line string) bool { return strings.HasPrefix(line, "w1: routes: ") }
			if !slices.ContainsFunc(o.Evidence, hasRoutes) {
				t.Errorf("evidence %q", o.Evidence)
			}
		})
	}
}

// TestHostAway: a host that is off is the cause, and the others are tried without it.
func TestHostAway(t *testing.T) {
	w, s := newTheatre(t)
	s.Reached, s.Unreached = []string{"cp1"}, map[string]error{"w1": errors.New("no route to host")}
	w.objects["/api/v1/nodes/w1"]["status"] = object{"conditions": []object{{"type": "Ready", "status": "Unknown"}}}
	outcomes, err := tried(t, t.Context(), w, s, "nodes", "services")
	o := outcomes["nodes"]
	if err != nil || o.Result != Fail || len(o.Causes) != 1 ||
		!strings.HasPrefix(o.Causes[0].Text, "the host is off") || outcomes["services"].Result != Pass {
		t.Errorf("%+v, %v", o, err)
	}
}
