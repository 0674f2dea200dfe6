package preflight

import (
	"slices"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestVersions: the version of a program is where it lies, that of an image is in its name, and
// what is not the tool's has none.
func TestVersions(t *testing.T) {
	deployment := func(tag string) resource.Resource {
		return api.Object{Manifest: []byte(`{"kind":"Deployment","spec":{"template":{"spec":{"containers":[` +
			`{"image":"registry.example.com/other:v1"},{"image":"registry.k8s.io/coredns/coredns:v` + tag + `"}]}}}}`)}
	}
	link := func(target string) resource.Resource { return resource.Link{Path: "/usr/local/bin/x", Target: target} }
	image := resource.Image{Ref: "registry.k8s.io/pause:3.10"}
	absent := image
	absent.Absent = true
	step := plan.Step{
		Component: component.Component{Name: "containerd"}, At: "w1",
		Target: component.Target{Host: inventory.Host{Name: "w1"}},
		Wanted: []resource.Resource{
			link("/opt/kbootstrap/runc-1.5.2/runc"), link("/opt/kbootstrap/cni-plugins-1.9.1/bridge"),
			link("/opt/kbootstrap/cni-plugins-1.9.1/portmap"), image, deployment("1.14.7"),
		},
		Found: []resource.Resource{
			link("/opt/kbootstrap/runc-1.1.5/runc"), link("/usr/lib/cni/bridge"),
			link("/opt/kbootstrap/cni-plugins-1.8.0/portmap"), absent, deployment("1.12.4"),
		},
	}
	want := []Version{
		{"runc", "1.1.5", "1.5.2"}, {"cni-plugins", "", "1.9.1"}, {"cni-plugins", "1.8.0", "1.9.1"},
		{"pause", "", "3.10"}, {"coredns", "1.12.4", "1.14.7"},
	}
	p := plan.Plan{Steps: []plan.Step{step}}
	if got := Versions(p, "w1"); !slices.Equal(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
	if got := Versions(p, "w2"); got != nil {
		t.Errorf("of another host: %v", got)
	}
	step.Found = nil // before the first look
	got := Versions(plan.Plan{Steps: []plan.Step{step}}, "w1")
	if len(got) != 4 || got[0] != (Version{"runc", "", "1.5.2"}) {
		t.Errorf("before the look: %v", got)
	}
}
