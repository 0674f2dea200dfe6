package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/resource/api"
)

// JoinsPlanes reports whether some of the named hosts are more than workers. Such a host is known
// to all others (they look for the API there too), so a run that adds it is about all hosts.
func JoinsPlanes(c *inventory.Cluster, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		h, _ := c.Host(name)
		return h.Has(inventory.ControlPlane) || h.Has(inventory.Etcd)
	})
}

// joining finds what keeps new members from joining etcd. Each of them changes the quorum, so the
// members that are there must all be well, and nothing else may be under way.
func joining(s Situation) Refusals {
	var joiners []inventory.Host
	for _, name := range component.Joining(s.Cluster, s.Facts) {
		h, _ := s.Cluster.Host(name)
		if s.isAbout(component.Etcd, h) && h.Has(inventory.Etcd) && !s.isMember(h) {
			joiners = append(joiners, h)
		}
	}
	if joiners == nil {
		return nil
	}
	var rs Refusals
	refuse := func(host, advice, format string, args ...any) {
		rs = append(rs, &RefusedError{
			Code: fault.RefusedJoin, Host: host, Text: fmt.Sprintf(format, args...), Advice: advice,
		})
	}
	if s.Census.Members == nil {
		refuse("", "see to it that the members that are there answer, then run the same command again",
			"no member of etcd tells who belongs to it, so none is added")
	}
	for _, m := range s.Census.Members {
		if m.Learner && !slices.ContainsFunc(joiners, func(h inventory.Host) bool { return isAt(m, h) }) {
			refuse("", "wait until that member has been promoted, or remove it with `etcdctl member remove`",
				"etcd has a learner that this run does not add: %s at %s", nameOf(m), strings.Join(m.PeerURLs, ", "))
		}
	}
	wanted, _ := release.Versions(s.Cluster, component.Sources()) // what is wrong the fetching of artifacts says
	var sick []string
	voters := 0
	for _, h := range s.Cluster.With(inventory.Etcd) {
		if slices.ContainsFunc(joiners, func(j inventory.Host) bool { return j.Name == h.Name }) {
			continue
		}
		voters++
		if why := s.sickness(h); why != "" {
			sick = append(sick, h.Name+" ("+why+")")
		}
		found, want := numbersOf(s.Evidence[h.Name].Etcd), numbersOf(wanted[component.Etcd])
		if len(found) > 1 && len(want) > 1 && !slices.Equal(found[:2], want[:2]) {
			refuse(h.Name, "bring all members to one version first, with the inventory as it was before",
				"this member of etcd runs %s, and a new one would run %s", dotted(found), dotted(want))
		}
	}
	if sick != nil {
		refuse("", "bring these members back first", "%d of the %d members of etcd are not well, and another one "+
			"would change their quorum from %d to %d: %s",
			len(sick), voters, Majority(voters), Majority(voters+1), strings.Join(sick, ", "))
	}
	for _, h := range joiners {
		listed := slices.ContainsFunc(s.Census.Members, func(m api.EtcdMember) bool { return isAt(m, h) })
		if s.Facts[h.Name].EtcdData && !listed {
			refuse(h.Name, fmt.Sprintf("look at what it is; if it is not needed any more, move %s away",
				component.EtcdData),
				"%s holds the data of an etcd that is no member of this cluster", component.EtcdData)
		}
	}
	return rs
}

// isMember reports whether a host belongs to etcd already: its member has had a quorum, has a vote,
// or has data while no member tells who votes. One that was cut off in the founding is started
// again.
func (s Situation) isMember(h inventory.Host) bool {
	facts := s.Facts[h.Name]
	if facts.EtcdBootstrapped != "" || s.Census.Members == nil {
		return facts.EtcdBootstrapped != "" || facts.EtcdData
	}
	return slices.ContainsFunc(s.Census.Members, func(m api.EtcdMember) bool { return !m.Learner && isAt(m, h) })
}

// sickness is why a member of etcd is not well; "" when it is.
func (s Situation) sickness(h inventory.Host) string {
	vitals, asked := s.Etcd[h.Name]
	switch {
	case !s.isAsked(h.Name) || s.isUnreached(h.Name):
		return "its host cannot be reached"
	case !asked:
		return "it was not asked"
	case vitals.Error != "":
		return vitals.Error
	case vitals.Leader == "":
		return "it knows no leader"
	case len(vitals.Alarms) > 0:
		return "alarm " + strings.Join(vitals.Alarms, ", ")
	}
	return ""
}

// Majority is how many of so many members are a quorum.
func Majority(members int) int { return members/2 + 1 }

// nameOf names a member for people: it has no name before it has started.
func nameOf(m api.EtcdMember) string {
	if m.Name == "" {
		return "a member that has not started"
	}
	return m.Name
}
