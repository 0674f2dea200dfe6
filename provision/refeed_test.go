package provision

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/resource"
)

// TestRefeedLeavesNobodyWaiting: after another session was opened, a step gets its content or is told that none will come:
// for what was there when the plan was made, and where the host cannot be looked at.
func TestRefeedLeavesNobodyWaiting(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	refeed := func(h *fakeHost, r *Run) error {
		h.connect(t)
		var sent atomic.Int64
		r.refeed(ctx, r.Plan.Hosts()[0], &sent)
		return h.Client.Converge(ctx, "programs", r.Plan.Steps[0].Wanted, func(node.Event) {})
	}

	gone := newHost(t, "m1")
	r, _ := withPrograms(t, gone, "kubelet")
	if _, err := r.Apply(ctx); err != nil {
		t.Fatal(err)
	}
	r.look(t)
	if err := os.Remove(filepath.Join(gone.root, "opt/kubelet")); err != nil {
		t.Fatal(err)
	}
	if err := refeed(gone, r); err == nil || !strings.Contains(err.Error(), "run the same command again") {
		t.Errorf("gone since: got %v", err)
	}

	odd := newHost(t, "m1")
	r, _ = withPrograms(t, odd, "kubelet")
	r.Plan.Steps[0].Wanted = append(r.Plan.Steps[0].Wanted, resource.Dir{Path: "/odd"})
	r.look(t)
	if err := os.WriteFile(filepath.Join(odd.root, "odd"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refeed(odd, r); err == nil || !strings.Contains(err.Error(), "is not a directory") || odd.read(t, "/opt/kubelet") != string(fixture.Binary("kubelet")) {
		t.Errorf("unreadable: got %v", err)
	}
}
