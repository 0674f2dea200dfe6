package lab

import (
	"strings"
	"testing"
)

// TestImages: each recipe makes a file system of its own, which another package or script changes.
func TestImages(t *testing.T) {
	named := map[string]string{}
	for name, recipe := range images() {
		digest := recipe.digest()
		if other, found := named[digest]; found {
			t.Errorf("%s and %s are the same file system", name, other)
		}
		named[digest] = name
		for what, change := range map[string]func(i *image){
			"suite":   func(i *image) { i.Suite = "sid" },
			"package": func(i *image) { i.Packages = append(i.Packages, "jq") },
			"hook":    func(i *image) { i.Hooks = append(i.Hooks, "true") },
			"script":  func(i *image) { i.Script += "\ntrue" },
		} {
			changed := images()[name]
			change(&changed)
			if changed.digest() == digest {
				t.Errorf("%s: another %s gives the same digest", name, what)
			}
		}
	}
	const all = "debian-11 debian-11-owned debian-12 debian-12-owned debian-12-selinux debian-13 debian-13-owned " +
		"el7-like el9-like"
	if got := strings.Join(Images(), " "); got != all {
		t.Errorf("the images are %s", got)
	}
}

func TestImagesOfHosts(t *testing.T) {
	spec, err := Spec{Dir: t.TempDir(), Name: "demo", ControlPlanes: 1, Workers: 2, Kubernetes: "v1.36.3",
		Images: map[string]string{"w2": "el9-like"}}.complete()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range planHosts(spec) {
		got = append(got, h.Name+"="+h.Image)
	}
	if want := "cp1=debian-12 w1=debian-12 w2=el9-like"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	other := spec
	other.Images = map[string]string{"w1": "el9-like"}
	if spec.sameShape(other) || !spec.sameShape(spec) {
		t.Error("the shape does not tell which host has which image")
	}
}
