package guard

import (
	"fmt"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// otherAuthority refuses workers of a running cluster that trust the authority of another: they
// belong to that one, which leaves no mark of etcd on a worker.
func otherAuthority(s Situation) Refusals {
	if !s.IsLive() || s.KeysLost {
		return nil
	}
	const path = component.PKIDir + "/ca.crt"
	authority := func(h inventory.Host) (found []string, isOurs bool) {
		for _, key := range s.Evidence[h.Name].Keys {
			if key.Path == path {
				return publicKeys(key.Found), key.isOurs()
			}
		}
		return nil, true
	}
	leads := map[string]bool{}
	for _, h := range s.Cluster.With(inventory.ControlPlane) {
		found, _ := authority(h)
		for _, key := range found {
			leads[key] = true
		}
	}
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		found, isOurs := authority(h)
		leading := h.Has(inventory.ControlPlane) || h.Has(inventory.Etcd)
		facts := s.Facts[h.Name]
		isLed := slices.ContainsFunc(found, func(key string) bool { return leads[key] })
		if isOurs || leading || isLed || facts.EtcdBootstrapped != "" && !s.isOurs(facts) {
			continue // replacedKeys and Foreign tell of those
		}
		rs = append(rs, &RefusedError{
			Code: fault.OtherCluster, Host: h.Name,
			Text: fmt.Sprintf("this host belongs to another cluster: %s is not the authority of %s", path,
				s.Cluster.Name),
			Advice: "take it out of that cluster first: `kbootstrap reset --host` with the inventory of that " +
				"cluster, or the reset of the installer that made it, such as `kubeadm reset`; if that cluster is " +
				"gone for good, on the host: rm -r /etc/kubernetes /var/lib/kubelet/pki",
		})
	}
	return rs
}
