package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// changedVersions finds versions that the running cluster must not be brought to: older ones, and
// in a run that is no upgrade another minor version of Kubernetes. An upgrade goes one minor
// version at a time, and a host that was left behind comes along before the next.
func changedVersions(s Situation) Refusals {
	if !s.IsLive() {
		return nil
	}
	// what is wrong with them the fetching of artifacts says
	versions, _ := release.Versions(s.Cluster, component.Sources())
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		e := s.Evidence[h.Name]
		told := false // of the kubelet the same would be said
		for _, p := range []struct{ name, found, wanted string }{
			{"Kubernetes", e.Kubernetes, versions["kubernetes"]},
			{"a kubelet of Kubernetes", e.Kubelet, versions["kubernetes"]},
			{"etcd", e.Etcd, versions["etcd"]},
		} {
			if told && p.name != "etcd" {
				continue
			}
			refused := s.changedVersion(p.name, numbersOf(p.found), numbersOf(p.wanted))
			if refused != nil {
				refused.Host = h.Name
				rs = append(rs, refused)
			}
			told = told || refused != nil
		}
	}
	return rs
}

// etcdFloor is the oldest release of etcd 3.5 that etcd's guide has moved to 3.6
// (https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/): older ones may have told the older of their
// two stores alone who votes and who has left, and 3.6 reads the other.
var etcdFloor, etcd36 = []int{3, 5, 32}, []int{3, 6}

// changedVersion judges one program of a host; nil when it may be changed.
func (s Situation) changedVersion(name string, found, wanted []int) *RefusedError {
	if found == nil || wanted == nil {
		return nil
	}
	const order = "an upgrade goes one minor version at a time, control planes before kubelets"
	refused := &RefusedError{
		Text: fmt.Sprintf("this host runs %s %s, but the inventory says %s", name, dotted(found), dotted(wanted)),
	}
	switch isMinor := !slices.Equal(found[:2], wanted[:2]); {
	case name == "etcd" && slices.Equal(wanted[:2], etcd36) && slices.Equal(found[:2], etcdFloor[:2]) &&
		slices.Compare(found, etcdFloor) < 0:
		refused.Code = fault.UpgradeEtcd
		refused.Advice = fmt.Sprintf("write `versions: {etcd: 3.5.33}` with the version of Kubernetes that runs, "+
			"and run `kbootstrap up`; etcd 3.6 takes over the members of %s or later", dotted(etcdFloor))
	case slices.Compare(wanted, found) < 0:
		refused.Code = fault.Downgrade
		refused.Advice = "write " + dotted(found) + " again: an older version may be unable to read what a newer one " +
			"has stored"
	case isMinor && (found[0] != wanted[0] || wanted[1]-found[1] > 1):
		refused.Code = fault.UpgradeSkips
		refused.Advice = fmt.Sprintf("write a version %d.%d first, and run `kbootstrap upgrade`: %s", found[0],
			found[1]+1, order)
	case isMinor && s.Upgrade == nil && name != "etcd":
		refused.Code = fault.MinorUpgrade
		refused.Advice = "run `kbootstrap upgrade`; or write " + dotted(found) + " again, or a later patch of it: " +
			order + ", which `up` does not do"
	default:
		return nil
	}
	return refused
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
