package guard

import (
	"fmt"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
)

// Foreign refuses hosts that are members of another cluster's etcd.
func Foreign(s Situation) Refusals {
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		facts, asked := s.Facts[h.Name]
		if !asked || facts.EtcdBootstrapped == "" || s.isOurs(facts) {
			continue
		}
		name := strings.TrimPrefix(facts.EtcdBootstrapped, component.TokenPrefix)
		rs = append(rs, &RefusedError{
			Code: fault.OtherCluster, Host: h.Name,
			Text: fmt.Sprintf("this host belongs to the cluster %s, but the inventory is for %s", name, s.Cluster.Name),
			Advice: fmt.Sprintf("the name of a cluster cannot be changed: write `cluster: %s` again; or run "+
				"`kbootstrap reset` with the inventory of %s first, which removes that cluster with all its data",
				name, name),
		})
	}
	return rs
}
