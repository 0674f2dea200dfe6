package component

import (
	"slices"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// TestLeftOn: a component was on a host when its service is on record or has our drop-in, and a
// host without any trace is not ours.
func TestLeftOn(t *testing.T) {
	found := Footprint()
	if left := LeftOn(found); left != nil {
		t.Errorf("of a host without traces: %q", left)
	}
	found[0] = kinds.Originals{Found: []string{"file /etc/a", "service docker.service"}}
	if left := LeftOn(found); !slices.Equal(left, []string{"docker"}) {
		t.Errorf("of a record: %q", left)
	}
	found = Footprint()
	found[1] = resource.Tree{Path: ownDir}
	if left := LeftOn(found); left == nil || len(left) != 0 {
		t.Errorf("of programs alone: %q", left)
	}
	for i, r := range found {
		if f, ok := r.(resource.File); ok && f.Path == OwnDropIn("etcd.service").Path {
			found[i] = resource.File{Path: f.Path, Content: []byte("x")}
		}
	}
	if left := LeftOn(found); !slices.Equal(left, []string{"etcd"}) {
		t.Errorf("of a drop-in: %q", left)
	}
}

// TestLeftComponentsAreTornDown: what the tool never had to do with on a host is not touched.
func TestLeftComponentsAreTornDown(t *testing.T) {
	ids := func(left ...string) []string {
		var ids []string
		for _, c := range []Component{stop, remove} {
			for _, r := range c.Resources(Target{Left: left}) {
				ids = append(ids, r.ID())
			}
		}
		return ids
	}
	for _, id := range []string{"service docker.service", "interface docker0", "data /var/lib/docker",
		"tree /run/docker"} {
		if slices.Contains(ids("kubelet"), id) || !slices.Contains(ids("kubelet", "docker"), id) {
			t.Errorf("%s is torn down with the wrong component:\n%q\n%q", id, ids("kubelet"), ids("kubelet", "docker"))
		}
	}
}

// TestDataHasAUnit: by its unit it is known whose the data of a component is.
func TestDataHasAUnit(t *testing.T) {
	for _, c := range Components() {
		if len(c.lasting()) > 0 && len(c.Units) == 0 {
			t.Errorf("%s leaves data and has no unit", c.Name)
		}
	}
}
