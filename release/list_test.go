package release_test

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// TestArtifacts shows everything that the components need, with all that is optional. What is here
// is what locks and mirrors of users name: a change of it makes them useless.
func TestArtifacts(t *testing.T) {
	c := &inventory.Cluster{Kubernetes: "v1.36.3", Runtime: "docker", CRI: "dockerd"}
	var b strings.Builder
	for _, arch := range []string{"amd64", "arm64"} {
		lines, err := release.Artifacts(c, component.Sources(), arch)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "== %s\n%s\n", arch, strings.Join(lines, "\n"))
	}
	golden.File(t, "testdata/artifacts.golden", b.String())
}

// TestOptionalArtifacts lists what only some clusters need.
func TestOptionalArtifacts(t *testing.T) {
	for _, test := range []struct{ runtime, cri, want string }{
		{"docker", "dockerd", "docker cri-dockerd"},
		{"docker", "containerd", "docker"},
		{"containerd", "containerd", ""},
	} {
		c := &inventory.Cluster{Kubernetes: "v1.36.3", Runtime: test.runtime, CRI: test.cri}
		list, err := release.List(c, "amd64", release.Options{Sources: component.Sources(), CacheDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range list {
			if a.Component == "docker" || a.Component == "cri-dockerd" {
				got = append(got, a.Component)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("runtime %s, cri %s: %v, want %q", test.runtime, test.cri, got, test.want)
		}
	}
}

// TestSourcesAreWhole expects of each source what its fields promise.
func TestSourcesAreWhole(t *testing.T) {
	defaults := map[string]string{}
	for _, s := range component.Sources() {
		name := s.Component + " " + s.URL + s.Image
		if s.URL == "" && s.Image == "" || (s.ImageDirectory != "") != (s.Image != "" && len(s.Programs) > 0) {
			t.Errorf("%s: a source is files behind a URL, an image, or programs in one", name)
		}
		if s.URL != "" && !s.Archive && len(s.Programs) != 1 {
			t.Errorf("%s: the file is one program, and not %v", name, s.Programs)
		}
		if s.URL != "" && !strings.HasPrefix(s.URL, "https://") || strings.Contains(s.Image, "://") {
			t.Errorf("%s: files are from https URLs, images have no scheme", name)
		}
		if len(s.Programs) == 0 && s.Image == "" || s.Directory != "" && !strings.HasSuffix(s.Directory, "/") {
			t.Errorf("%s: programs %v in %q", name, s.Programs, s.Directory)
		}
		if version, ok := defaults[s.Component]; ok && version != s.Version {
			t.Errorf("%s: another source of %s has the version %q, this one %q", name, s.Component, version, s.Version)
		}
		defaults[s.Component] = s.Version
	}
}

// TestDefaultsArePinned makes sure that the default versions need no lock.
func TestDefaultsArePinned(t *testing.T) {
	o := release.Options{Sources: component.Sources(), CacheDir: t.TempDir()}
	oldest, newest := release.Minors()
	for minor := oldest; minor <= newest; minor++ {
		for _, arch := range []string{"amd64", "arm64"} {
			c := &inventory.Cluster{Kubernetes: fmt.Sprintf("v1.%d.0", minor), Runtime: "docker", CRI: "dockerd"}
			list, err := release.List(c, arch, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				if a.SHA256 == "" && a.Index == "" {
					t.Errorf("1.%d %s: %s: no built-in sum", minor, arch, a.URL)
				}
			}
		}
	}
}
