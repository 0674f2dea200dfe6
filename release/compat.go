package release

import (
	"fmt"
	"strings"
)

// containerdFor has the oldest releases of containerd that its maintainers recommend for each minor version of
// Kubernetes, one for each release branch, newest first. Branches after the first are good as well; branches that are
// not listed, and older, are not. Source: containerd's RELEASES.md, "Kubernetes Support".
var containerdFor = map[int][]string{
	29: {"2.0.0", "1.7.11", "1.6.27"},
	30: {"2.0.0", "1.7.13", "1.6.28"},
	31: {"2.0.0", "1.7.20", "1.6.34"},
	32: {"2.1.0", "2.0.1", "1.7.24", "1.6.36"},
	33: {"2.1.0", "2.0.4", "1.7.24", "1.6.36"},
	34: {"2.1.3", "2.0.6", "1.7.28"},
	35: {"2.2.0", "2.1.5", "1.7.28"},
	36: {"2.2.0"},
}

// checkContainerd refuses a version of containerd that does not go with the minor version of Kubernetes.
func checkContainerd(minor int, containerd string) error {
	v, err := parseVersion(containerd)
	if err != nil {
		return err
	}
	oldest := containerdFor[minor]
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
	return fmt.Errorf("containerd %s does not go with Kubernetes 1.%d, which needs %s or later of the same minor version, or a newer one",
		containerd, minor, strings.Join(oldest, ", "))
}
