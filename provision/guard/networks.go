package guard

import (
	"fmt"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// fixed are the settings that a running cluster cannot change: what was given out by the old ones
// would not fit.
var fixed = []struct {
	field   string
	running func(Evidence) string
	wanted  func(inventory.Network) string
	why     string
}{
	{
		"network.services", func(e Evidence) string { return e.Services },
		func(n inventory.Network) string { return n.Services.String() }, "Services keep the addresses that they have",
	},
	{
		"network.pods", func(e Evidence) string { return e.Pods },
		func(n inventory.Network) string { return n.Pods.String() }, "nodes keep the subnets that they have",
	},
	{
		"network.domain", func(e Evidence) string { return e.Domain },
		func(n inventory.Network) string { return n.Domain }, "pods keep the names that they were started with",
	},
}

// changedNetworks finds networks and domains that differ from those of the running cluster.
func changedNetworks(s Situation) Refusals {
	if !s.IsLive() {
		return nil
	}
	var rs Refusals
	for _, f := range fixed {
		for _, h := range s.Cluster.With(inventory.ControlPlane) {
			before, after := f.running(s.Evidence[h.Name]), f.wanted(s.Cluster.Network)
			if before == "" || before == after {
				continue
			}
			rs = append(rs, &RefusedError{
				Code: fault.NetworkChanged,
				Text: fmt.Sprintf("%s is %s in the running cluster (on %s), but %s in the inventory",
					f.field, before, h.Name, after),
				Advice: fmt.Sprintf("write %s again: %s cannot be changed while the cluster exists, because %s; "+
					"another value takes a new cluster (`kbootstrap reset`, then `kbootstrap up`)",
					before, f.field, f.why),
			})
			break // the others say the same
		}
	}
	return rs
}
