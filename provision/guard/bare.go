package guard

import (
	"slices"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// IsBare reports whether no host has anything of a cluster: those that found one were all asked,
// and none that was asked has a unit that tells of one, whoever wrote it, or the mark of a member
// of etcd.
func (s Situation) IsBare() bool {
	for _, h := range s.Cluster.Hosts {
		if (h.Has(inventory.Etcd) || h.Has(inventory.ControlPlane)) && !s.isAsked(h.Name) {
			return false
		}
	}
	for _, facts := range s.Facts {
		if facts.EtcdBootstrapped != "" || slices.ContainsFunc(facts.Units, TellsOfCluster) {
			return false
		}
	}
	return true
}

// TellsOfCluster reports whether a unit is that of a component which only a cluster has: container
// runtimes are on hosts for other reasons too.
func TellsOfCluster(unit string) bool {
	return slices.Contains(component.Units(), unit) && unit != "containerd.service" && unit != "docker.service"
}

// Unmade refuses a run that changes a cluster, where no host tells of one: there is nothing to
// join, to renew or to upgrade, and the run would wait for an API that no host starts.
func Unmade(s Situation) Refusals {
	if s.IsLive() {
		return nil
	}
	refused := &RefusedError{
		Code: fault.NoCluster, Text: "there is no cluster yet that this could be done to",
		Advice: "run `kbootstrap up`, which makes the cluster",
	}
	if len(s.Unreached) > 0 {
		refused.Text, refused.Cause = "no host that was asked tells of a cluster", s.Unreached
		refused.Advice += "; if it is there, repair the connection to its hosts"
	}
	return Refusals{refused}
}
