package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// agreed are the settings that all hosts must have alike: a run that is not about all of them must
// not change any.
var agreed = []struct {
	field   string
	running func(Evidence) string
	wanted  func(inventory.Network) string
	// of are the components that have the setting; without any all may.
	of  []string
	why string
}{
	{
		"network.flannel", func(e Evidence) string { return e.Flannel },
		func(n inventory.Network) string { return carrier(n.Flannel.Backend, n.Flannel.Port) }, []string{"flannel"},
		"pods of hosts with different backends do not reach each other",
	},
	{
		"network.apiPort", func(e Evidence) string { return e.APIPort },
		func(n inventory.Network) string { return strconv.Itoa(n.APIPort) }, nil,
		"a part of the hosts would look for the API where it is not",
	},
}

// halfChanged finds what a limited run would change on some hosts, and what would not work with the
// others as they are.
func halfChanged(s Situation) Refusals {
	if !s.IsLive() || !s.isLimited() {
		return nil
	}
	return append(settingsApart(s), versionsAhead(s)...)
}

// isLimited reports whether the run leaves anything out.
func (s Situation) isLimited() bool {
	return len(s.Only) > 0 || len(s.Limit) > 0 && !IsWhole(s.Cluster, s.Limit)
}

func settingsApart(s Situation) Refusals {
	var rs Refusals
	for _, a := range agreed {
		if !s.isPartOf(a.of) {
			continue
		}
		for _, h := range s.Cluster.With(inventory.ControlPlane) {
			before, after := a.running(s.Evidence[h.Name]), a.wanted(s.Cluster.Network)
			if before == "" || before == after {
				continue
			}
			rs = append(rs, &RefusedError{
				Code: fault.HalfChanged,
				Text: fmt.Sprintf("%s is %q in the running cluster (on %s), but %q in the inventory, and this run is "+
					"limited: %s", a.field, before, h.Name, after, a.why),
				Advice: "run `kbootstrap up` without limits, which changes all hosts together; or write the value of " +
					"the running cluster again",
			})
			break // the others say the same
		}
	}
	return rs
}

// isPartOf reports whether the run changes some of the steps of these components and leaves out
// others.
func (s Situation) isPartOf(components []string) bool {
	if len(components) == 0 {
		return true
	}
	some := len(s.Only) == 0 || slices.ContainsFunc(components, func(c string) bool {
		return slices.Contains(s.Only, c)
	})
	isLeftOut := func(c string) bool { return len(s.Only) > 0 && !slices.Contains(s.Only, c) }
	everywhere := len(s.Limit) == 0 || IsWhole(s.Cluster, s.Limit)
	return some && (!everywhere || slices.ContainsFunc(components, isLeftOut))
}

// followers are the components that must not be newer than the API server that they talk to, and
// the role of the hosts that have them.
var followers = []struct {
	name string
	role inventory.Role
}{
	{"kubelet", component.AnyHost},
	{"kube-proxy", component.AnyHost},
	{"kube-controller-manager", inventory.ControlPlane},
	{"kube-scheduler", inventory.ControlPlane},
}

// versionsAhead finds a run that brings components to a version that no API server has yet, nor has
// after it.
func versionsAhead(s Situation) Refusals {
	// what is wrong with them the fetching of artifacts says
	versions, _ := release.Versions(s.Cluster, component.Sources())
	wanted := numbersOf(versions["kubernetes"])
	var newest []int
	at := ""
	for _, h := range s.Cluster.With(inventory.ControlPlane) {
		if s.isAbout(component.APIServer, h) {
			return nil // it brings an API server along
		}
		if found := numbersOf(s.Evidence[h.Name].Kubernetes); slices.Compare(found, newest) > 0 {
			newest, at = found, h.Name
		}
	}
	if newest == nil || wanted == nil || slices.Compare(wanted, newest) <= 0 {
		return nil
	}
	var ahead []string
	for _, f := range followers {
		if slices.ContainsFunc(s.Cluster.Hosts, func(h inventory.Host) bool {
			return s.isAbout(f.name, h) && (f.role == component.AnyHost || h.Has(f.role))
		}) {
			ahead = append(ahead, f.name)
		}
	}
	if ahead == nil {
		return nil
	}
	return Refusals{{
		Code: fault.HalfChanged,
		Text: fmt.Sprintf("this run would bring %s to Kubernetes %s, while the API server (on %s) stays at %s",
			strings.Join(ahead, ", "), dotted(wanted), at, dotted(newest)),
		Advice: fmt.Sprintf("run `kbootstrap up` without limits first, which begins with the control planes; or write "+
			"`kubernetes: %s` again", dotted(newest)),
	}}
}
