package guard

import (
	"fmt"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
)

// Survivor is a member of etcd that has its data.
type Survivor struct {
	Last     host.LogEntry // the last of its log
	Salvaged bool          // a run that was cut off has made it a cluster of its own
}

// BestSurvivor returns the name of the host whose member has most of what the cluster was told; ""
// without survivors. One that was salvaged has been the best, and its log is new.
func BestSurvivor(c *inventory.Cluster, survivors map[string]Survivor) string {
	best := ""
	for _, h := range c.With(inventory.Etcd) {
		s, ok := survivors[h.Name]
		switch {
		case !ok:
		case s.Salvaged:
			return h.Name
		case best == "" || s.Last.Compare(survivors[best].Last) > 0:
			best = h.Name
		}
	}
	return best
}

// Recovery finds why a cluster of etcd should not be made out of one member.
func Recovery(s Situation, survivors map[string]Survivor) Refusals {
	refuse := func(advice, format string, args ...any) Refusals {
		return Refusals{{Code: fault.RefusedRecovery, Text: fmt.Sprintf(format, args...), Advice: advice}}
	}
	members := s.Cluster.With(inventory.Etcd)
	var names []string
	salvaged := false
	for _, survivor := range survivors {
		salvaged = salvaged || survivor.Salvaged // and what was begun is finished
	}
	for _, h := range members {
		if vitals := s.Etcd[h.Name]; vitals.Error == "" && vitals.Leader != "" && !salvaged {
			return refuse("see `kbootstrap status` for what is wrong",
				"etcd has a quorum: the member of %s knows a leader", h.Name)
		}
		if _, ok := survivors[h.Name]; ok {
			names = append(names, h.Name)
		}
	}
	switch {
	case names == nil:
		return refuse("restore a backup of etcd", "none of the %d members of etcd has its data", len(members))
	case len(names) >= Majority(len(members)) && !salvaged:
		return refuse("start etcd on these hosts: `systemctl start etcd`; if one of them cannot be mended, move its "+
			"/var/lib/etcd/member away by hand",
			"%d of the %d members of etcd have their data, and that is a majority: %s", len(names), len(members),
			strings.Join(names, ", "))
	}
	return nil
}
