package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// minors are the minor versions of Kubernetes that can be installed, each with what goes with it.
// Before 1.29 the formats of configuration files differ; after 1.36 nothing has been tried.
//
// etcd is of the branch that kubeadm of that version installs, and pause is kubeadm's; CoreDNS is
// one for all. metrics-server is by its table of compatibility, which wants 0.7 below 1.31, of
// which no digest is known: 0.8 asks for nothing that 1.29 and 1.30 lack. Each is the newest patch
// whose sums are built into the tool, and has no known hole (holes.go). The releases of containerd
// are from containerd's RELEASES.md, "Kubernetes Support".
var minors = map[int]minor{
	29: {defaults{"etcd": "3.5.33", "coredns": "1.14.7", "metrics-server": "0.8.1", "pause": "3.9"},
		[]string{"2.0.0", "1.7.11", "1.6.27"}},
	30: {defaults{"etcd": "3.5.33", "coredns": "1.14.7", "metrics-server": "0.8.1", "pause": "3.9"},
		[]string{"2.0.0", "1.7.13", "1.6.28"}},
	31: {defaults{"etcd": "3.5.33", "coredns": "1.14.7", "metrics-server": "0.8.1", "pause": "3.10"},
		[]string{"2.0.0", "1.7.20", "1.6.34"}},
	32: {defaults{"etcd": "3.5.33", "coredns": "1.14.7", "metrics-server": "0.8.1", "pause": "3.10"},
		[]string{"2.1.0", "2.0.1", "1.7.24", "1.6.36"}},
	33: {defaults{"etcd": "3.5.33", "coredns": "1.14.7", "metrics-server": "0.8.1", "pause": "3.10"},
		[]string{"2.1.0", "2.0.4", "1.7.24", "1.6.36"}},
	34: {defaults{"etcd": "3.6.14", "coredns": "1.14.7", "metrics-server": "0.9.0", "pause": "3.10.1"},
		[]string{"2.1.3", "2.0.6", "1.7.28"}},
	35: {defaults{"etcd": "3.6.14", "coredns": "1.14.7", "metrics-server": "0.9.0", "pause": "3.10.1"},
		[]string{"2.2.0", "2.1.5", "1.7.28"}},
	36: {defaults{"etcd": "3.6.14", "coredns": "1.14.7", "metrics-server": "0.9.0", "pause": "3.10.2"},
		[]string{"2.3.0", "2.2.0"}},
}

// minor is what goes with one minor version of Kubernetes.
type minor struct {
	// defaults are the versions of the components whose Source.Version is empty.
	defaults defaults
	// containerd has the oldest releases that its maintainers recommend, one for each release
	// branch, newest first. Branches after the first are good as well; branches that are not
	// listed, and older, are not.
	containerd []string
}

// defaults are versions by component.
type defaults map[string]string

// Minors returns the oldest and the newest minor version of Kubernetes that can be installed, such
// as 29 and 36.
func Minors() (oldest, newest int) {
	all := slices.Sorted(maps.Keys(minors))
	return all[0], all[len(all)-1]
}

// checkContainerd refuses a version of containerd that does not go with the minor version of
// Kubernetes.
func checkContainerd(minor int, containerd string) error {
	v, err := parseVersion(containerd)
	if err != nil {
		return err
	}
	oldest := minors[minor].containerd
	for i, o := range oldest {
		least, err := parseVersion(o)
		if err != nil {
			return err
		}
		sameBranch := v.major == least.major && v.minor == least.minor
		if (sameBranch || i == 0) && !v.less(least) {
			return nil
		}
	}
	return fmt.Errorf("containerd %s does not go with Kubernetes 1.%d, which needs %s or later of the same "+
		"minor version, or a newer minor version", containerd, minor, strings.Join(oldest, ", "))
}
