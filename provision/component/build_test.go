package component

import "testing"

// TestVersionOf: the version in a path is that with which the path was composed.
func TestVersionOf(t *testing.T) {
	for component, versions := range map[string][]string{
		"kubernetes": {"1.36.3", "1.37.0-rc.1"}, "etcd": {"3.6.8"}, "cni-plugins": {"1.6.0"},
	} {
		for _, version := range versions {
			if got := VersionOf(component, programDir(component, version)+"/program"); got != version {
				t.Errorf("%s %s is read as %q", component, version, got)
			}
		}
	}
	for _, path := range []string{
		"", "/usr/bin/etcd", "/opt/kbootstrap/etcd", "/opt/kbootstrap/etcdctl-3.6.8/etcd",
		"/opt/kbootstrap/etcd-3.6.8/bin/etcd",
	} {
		if got := VersionOf("etcd", path); got != "" {
			t.Errorf("%s is read as version %q", path, got)
		}
	}
}
