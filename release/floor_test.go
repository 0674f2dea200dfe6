package release_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// now is a day on which some minor versions of Kubernetes have no support any more.
var now = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

func TestWeak(t *testing.T) {
	for _, test := range []struct {
		component, version string
		why                []string // words that must be there; nil where there is no known hole
		lowest             string
	}{
		{"runc", "1.1.5", []string{"CVE-2024-21626", "CVE-2025-31133", "gets out to the host"}, "1.3.6"},
		{"runc", "1.2.8", []string{"CVE-2026-41579"}, "1.3.6"}, // its branch has the fix of others only
		{"runc", "1.4.2", []string{"CVE-2026-41579"}, "1.4.3"},
		{"runc", "1.3.6", nil, ""}, {"runc", "1.5.0", nil, ""}, {"runc", "2.0.0", nil, ""},
		{"runc", "1.5.0-rc.1", []string{"CVE-2026-41579"}, "1.5.0"},
		{"containerd", "2.2.0", []string{"CVE-2026-53488", "root on the host"}, "2.2.9"},
		{"containerd", "2.1.9", []string{"CVE-2026-53493"}, "2.2.9"},
		{"containerd", "2.4.0", []string{"CVE-2026-53493"}, "2.4.1"},
		{"containerd", "1.7.34", []string{"CVE-2026-53493"}, "2.2.9"},
		{"containerd", "2.2.9", nil, ""}, {"containerd", "2.3.6", nil, ""}, {"containerd", "2.5.0", nil, ""},
		{"docker", "20.10.24", []string{"CVE-2024-41110"}, "29.8.2"}, {"docker", "29.8.2", nil, ""},
		{"etcd", "3.5.24", []string{"CVE-2026-73500"}, "3.5.33"},
		{"etcd", "3.6.8", []string{"CVE-2026-73500"}, "3.6.14"},
		{"etcd", "3.4.30", []string{"CVE-2026-33413"}, "3.5.33"}, {"etcd", "3.5.33", nil, ""},
		{"coredns", "1.12.4", []string{"CVE-2026-26018"}, "1.14.2"},
		{"cni-plugins", "1.8.0", []string{"portmap"}, "1.9.0"},
		{"flannel", "0.28.1", []string{"CVE-2026-32241"}, "0.28.2"},
		{"cri-dockerd", "0.4.2", []string{"gRPC"}, "0.4.3"},
		{"pause", "3.9", nil, ""}, {"runc", "latest", nil, ""}, {"calico", "3.0.0", nil, ""},
		{"kubernetes", "v1.34.13", []string{"Kubernetes 1.34", "since 2026-10-27"}, ""},
		{"kubernetes", "1.36.3", nil, ""}, {"kubernetes", "v1.99.0", nil, ""},
	} {
		w, weak := release.Weak(test.component, test.version, now)
		if weak != (test.why != nil) || w.Lowest != test.lowest {
			t.Errorf("%s %s: weak %t, lowest %q, want %t, %q", test.component, test.version, weak, w.Lowest,
				test.why != nil, test.lowest)
		}
		for _, want := range test.why {
			if !strings.Contains(w.Why, want) {
				t.Errorf("%s %s: %q does not say %q", test.component, test.version, w.Why, want)
			}
		}
	}
}

// TestDefaultsHaveNoKnownHole: what is installed without being asked for is never below the floor,
// and neither is the lowest version that the tool names.
func TestDefaultsHaveNoKnownHole(t *testing.T) {
	oldest, newest := release.Minors()
	for minor := oldest; minor <= newest; minor++ {
		all, err := release.Versions(&inventory.Cluster{Kubernetes: fmt.Sprintf("v1.%d.0", minor)}, component.Sources())
		if err != nil {
			t.Fatal(err)
		}
		for name, version := range all {
			if w, weak := release.Weak(name, version, now); weak && name != "kubernetes" && name != "docker" {
				t.Errorf("1.%d: %s %s: %s", minor, name, version, w.Why)
			}
		}
	}
}

// TestHoles: the rows are about components that there are, name versions, and are in order.
func TestHoles(t *testing.T) {
	known := component.Rules().Versions
	for _, h := range release.Holes() {
		if !slices.Contains(known, h.Component) || h.Names == "" || h.What == "" || len(h.Fixed) == 0 {
			t.Errorf("%+v", h)
		}
		for i, version := range h.Fixed {
			if !release.IsVersion(version) {
				t.Errorf("%s: %q is not a version", h.Names, version)
			}
			if w, weak := release.Weak(h.Component, version, now); weak && strings.Contains(w.Why, h.Names) {
				t.Errorf("%s %s closes %s and is said to have it", h.Component, version, h.Names)
			}
			if i > 0 && !release.Older(h.Fixed[i-1], version) {
				t.Errorf("%s: %v is not in order", h.Names, h.Fixed)
			}
		}
	}
	oldest, newest := release.Minors()
	for minor := oldest; minor <= newest; minor++ {
		end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		if _, ended := release.Weak("kubernetes", fmt.Sprintf("v1.%d.0", minor), end); !ended {
			t.Errorf("it is not known when the support of Kubernetes 1.%d ends", minor)
		}
	}
}
