package provision

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// differing is a plan with one thing that differs.
func differing() plan.Plan {
	file := resource.File{Path: "/x", Content: []byte("wanted")}
	return plan.Plan{Steps: []plan.Step{{
		Wanted: []resource.Resource{file}, Found: []resource.Resource{resource.File{Path: "/x", Absent: true}},
	}}}
}

// TestAdvance: a stage begins when the one before is finished everywhere and has lasted, and
// otherwise the run finishes that one, or ends.
func TestAdvance(t *testing.T) {
	store, err := certs.At(filepath.Join(t.TempDir(), "state", "pki"))
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{Cluster: fixture.Parse(t, fixture.Small), store: store}
	load := func() {
		t.Helper()
		r.change, r.Rotating = certs.Change{}, Rotating{}
		if err := previewKeys(r); err != nil {
			t.Fatal(err)
		}
	}
	load()
	if err := store.Keep(r.PKI); err != nil {
		t.Fatal(err)
	}
	rotation := Rotation{Of: certs.RotateServiceAccount, Least: time.Hour}
	r.Plan = differing()
	if err := Advance(rotation)(t.Context(), r); fault.Of(err) != fault.RotationUnready {
		t.Errorf("a rotation begins although a host differs: %v", err)
	}
	r.Plan = plan.Plan{}
	for _, to := range []certs.Stage{certs.Trust, certs.Issue} {
		load()
		if err := Advance(rotation)(t.Context(), r); err != nil || r.Rotating.To != to {
			t.Fatalf("the stage is %+v, want %s: %v", r.Rotating, to, err)
		}
		if err := KeepKeys(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		load()
		r.Plan = differing()
		if err := Advance(rotation)(t.Context(), r); err != nil || !r.Rotating.Finishes || r.Rotating.To != to {
			t.Errorf("a stage that is not finished: %+v, %v", r.Rotating, err)
		}
		r.Plan = plan.Plan{}
	}
	load()
	if err := Advance(rotation)(t.Context(), r); fault.Of(err) != fault.RotationTooSoon ||
		!strings.Contains(err.Error(), "--after") {
		t.Errorf("the last stage begins at once: %v", err)
	}
	rotation.Least = 0
	if err := Advance(rotation)(t.Context(), r); err != nil || r.Rotating.To != certs.Distrust {
		t.Errorf("the last stage does not begin: %v", err)
	}
	if err := NeedStore(t.Context(), &Run{Cluster: r.Cluster}); fault.Of(err) != fault.AuthorityLost {
		t.Errorf("without keys: %v", err)
	}
}

// TestRenewAtOnce: members of etcd change one after the other while one of them answers.
func TestRenewAtOnce(t *testing.T) {
	r := &Run{}
	if err := RestartAtOnce(t.Context(), r); err != nil || !r.Plan.AtOnce {
		t.Errorf("no member answers, and they change one by one: %v", err)
	}
	r = &Run{vitals: map[string]api.EtcdVitals{"cp1": {Error: "refused"}, "cp2": {Member: "1"}}}
	if err := RestartAtOnce(t.Context(), r); err != nil || r.Plan.AtOnce {
		t.Errorf("a member answers, and all change at once: %v", err)
	}
}
