package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// changedVersions finds versions that the running cluster must not be brought to by changing all
// hosts at once.
func changedVersions(s Situation) Refusals {
	if !s.IsLive() {
		return nil
	}
	// what is wrong with them the fetching of artifacts says
	versions, _ := release.Versions(s.Cluster, component.Sources())
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		e := s.Evidence[h.Name]
		for _, p := range []struct{ name, found, wanted string }{
			{"Kubernetes", e.Kubernetes, versions["kubernetes"]}, {"etcd", e.Etcd, versions["etcd"]},
		} {
			found, wanted := numbersOf(p.found), numbersOf(p.wanted)
			if found == nil || wanted == nil || slices.Equal(found, wanted) {
				continue
			}
			refused := &RefusedError{
				Host: h.Name,
				Text: fmt.Sprintf(
					"this host runs %s %s, but the inventory says %s", p.name, dotted(found), dotted(wanted),
				),
			}
			switch {
			case slices.Compare(wanted, found) < 0:
				refused.Code = fault.Downgrade
				refused.Advice = "write " + dotted(found) + " again: an older version may be unable to read what a " +
					"newer one has stored"
			case p.name == "Kubernetes" && !slices.Equal(found[:2], wanted[:2]):
				refused.Code = fault.MinorUpgrade
				refused.Advice = "write " + dotted(found) + " again, or a later patch of that version: `up` does not " +
					"bring a running cluster to another minor version; such an upgrade goes one minor version at a " +
					"time, control planes before kubelets"
			default:
				continue
			}
			rs = append(rs, refused)
		}
	}
	return rs
}

// numbersOf are the three numbers of a version, with or without a leading v; nil when it is none.
func numbersOf(version string) []int {
	numbers := make([]int, 3)
	number := strings.TrimPrefix(version, "v")
	if n, _ := fmt.Sscanf(number, "%d.%d.%d", &numbers[0], &numbers[1], &numbers[2]); n != len(numbers) {
		return nil
	}
	return numbers
}

func dotted(version []int) string {
	return fmt.Sprintf("v%d.%d.%d", version[0], version[1], version[2])
}
