package release

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

func TestVersions(t *testing.T) {
	got, err := Versions(&inventory.Cluster{Kubernetes: "v1.36.3",
		Versions: map[string]string{"runc": "1.4.3", "pause": "3.10"}})
	must(t, err)
	want := map[string]string{
		"kubernetes": "v1.36.3", "etcd": "3.6.8", "containerd": "2.2.0", "runc": "1.4.3", "cni-plugins": "1.9.1",
		"flannel": "0.28.4",
		"docker":  "20.10.24", "cri-dockerd": "0.3.26", "coredns": "1.14.2", "pause": "3.10",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The table is not what is handed out.
	got["etcd"] = "changed"
	again, err := Versions(&inventory.Cluster{Kubernetes: "v1.36.0"})
	must(t, err)
	if again["etcd"] != "3.6.8" || again["runc"] != "1.1.5" {
		t.Errorf("defaults: %v", again)
	}
}

func TestVersionsOfEveryMinor(t *testing.T) {
	for minor := 29; minor <= 36; minor++ {
		versions, err := Versions(&inventory.Cluster{Kubernetes: fmt.Sprintf("v1.%d.0", minor)})
		if err != nil {
			t.Errorf("1.%d: %v", minor, err)
		}
		for component, version := range versions {
			if _, err := parseVersion(strings.TrimPrefix(version, "v")); err != nil {
				t.Errorf("1.%d: %s: %v", minor, component, err)
			}
		}
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
			[]string{"containerd 2.1.9 does not go with Kubernetes 1.36", "2.2.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Versions(&inventory.Cluster{Kubernetes: test.kubernetes, Versions: test.versions})
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

func TestContainerdCompatibility(t *testing.T) {
	for _, test := range []struct {
		minor      int
		containerd string
		ok         bool
	}{
		{36, "2.2.0", true}, {36, "2.2.7", true}, {36, "2.3.4", true}, {36, "3.0.0", true},
		{36, "2.2.0-rc.1", false}, {36, "2.1.9", false}, {36, "1.7.34", false},
		{35, "1.7.28", true}, {35, "1.7.27", false}, {35, "2.1.5", true}, {35, "2.1.4", false}, {35, "2.0.11", false},
		{35, "2.2.0", true},
		{34, "2.1.3", true}, {34, "2.1.2", false}, {34, "2.0.6", true}, {34, "1.6.39", false},
		{32, "2.0.0", false}, {32, "2.0.1", true}, {32, "1.6.36", true}, {32, "1.5.18", false},
		{29, "1.7.11", true}, {29, "1.7.10", false}, {29, "2.2.0", true},
	} {
		if err := checkContainerd(test.minor, test.containerd); (err == nil) != test.ok {
			t.Errorf("Kubernetes 1.%d with containerd %s: %v", test.minor, test.containerd, err)
		}
	}
}
