package release_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// versions are those of a cluster with the real components.
func versions(c *inventory.Cluster) (map[string]string, error) {
	return release.Versions(c, component.Sources())
}

func TestVersions(t *testing.T) {
	got, err := versions(&inventory.Cluster{Kubernetes: "v1.36.3",
		Versions: map[string]string{"runc": "1.4.3", "pause": "3.10"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"kubernetes": "v1.36.3", "etcd": "3.6.14", "containerd": "2.4.1", "runc": "1.4.3", "cni-plugins": "1.9.1",
		"flannel": "0.28.4", "kube-router": "2.11.1",
		"docker": "29.8.2", "cri-dockerd": "0.3.26", "coredns": "1.14.7", "pause": "3.10",
		"metrics-server": "0.9.0", "local-path-provisioner": "0.0.37", "registry": "3.1.1", "agnhost": "2.63.0",
		"traefik": "3.7.13", "headlamp": "0.45.0",
		"victoria-logs": "1.52.0", "vlagent": "1.52.0", "victoria-metrics": "1.148.9", "vmagent": "1.148.9",
		"vmalert": "1.148.9", "node-exporter": "1.12.1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The table is not what is handed out.
	got["etcd"] = "changed"
	again, err := versions(&inventory.Cluster{Kubernetes: "v1.36.0"})
	if err != nil {
		t.Fatal(err)
	}
	if again["etcd"] != "3.6.14" || again["runc"] != "1.5.2" {
		t.Errorf("defaults: %v", again)
	}
}

func TestVersionsOfEveryMinor(t *testing.T) {
	oldest, newest := release.Minors()
	for minor := oldest; minor <= newest; minor++ {
		all, err := versions(&inventory.Cluster{Kubernetes: fmt.Sprintf("v1.%d.0", minor)})
		if err != nil {
			t.Errorf("1.%d: %v", minor, err)
		}
		for component, version := range all {
			if !release.IsVersion(strings.TrimPrefix(version, "v")) {
				t.Errorf("1.%d: %s: %q is not a version", minor, component, version)
			}
		}
	}
}

// TestNoDefault is a component that follows Kubernetes, but has no version for it.
func TestNoDefault(t *testing.T) {
	sources := []release.Source{{Component: "addon", Image: "registry.example.com/addon:{version}"}}
	c := &inventory.Cluster{Kubernetes: "v1.36.3"}
	if _, err := release.Versions(c, sources); fault.Of(err) != fault.VersionsConflict {
		t.Errorf("got %v, want that there is no default", err)
	}
	c.Versions = map[string]string{"addon": "1.2.3"}
	if all, err := release.Versions(c, sources); err != nil || all["addon"] != "1.2.3" {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestVersionsRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		kubernetes string
		versions   map[string]string
		want       []string
	}{
		"too old":  {"v1.28.15", nil, []string{"v1.28.15 is not supported; versions 1.29 to 1.36 are"}},
		"too new":  {"v1.37.0", nil, []string{"v1.37.0 is not supported"}},
		"no v":     {"1.36.3", nil, []string{`"1.36.3" is not a version such as v1.36.3`}},
		"no patch": {"v1.36", nil, []string{`"v1.36" is not a version`}},
		"a path":   {"v1.36.3/../..", nil, []string{"is not a version"}},
		"every problem": {"v1.36.3", map[string]string{"etcd": "v3.6.8", "calico": "3.0", "kubernetes": "1.36.3"},
			[]string{"versions.calico: there is no such", "versions.etcd:", "versions.kubernetes:"}},
		"component's path": {"v1.36.3", map[string]string{"runc": "1.1.5/.."}, []string{"versions.runc:"}},
		"containerd": {"v1.36.3", map[string]string{"containerd": "2.1.9"},
			[]string{"containerd 2.1.9 does not go with Kubernetes 1.36", "2.3.0, 2.2.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := versions(&inventory.Cluster{Kubernetes: test.kubernetes, Versions: test.versions})
			if err == nil {
				t.Fatal("accepted")
			}
			if code := fault.Of(err); code != fault.VersionsConflict {
				t.Errorf("code %q: %v", code, err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}
