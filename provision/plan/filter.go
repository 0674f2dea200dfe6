package plan

import (
	"slices"

	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// Without returns the plan without some hosts: without their steps, and without what is done elsewhere for them, which is
// their nodes' labels in the API.
func (p Plan) Without(hosts ...string) Plan {
	rest := p
	rest.Steps = nil
	for _, s := range p.Steps {
		if slices.Contains(hosts, s.Target.Host.Name) {
			continue
		}
		if less := s.without(hosts); len(less.Wanted) > 0 || len(s.Wanted) == 0 {
			rest.Steps = append(rest.Steps, less)
		}
	}
	return rest
}

// without returns the step without the nodes of some hosts.
func (s Step) without(hosts []string) Step {
	if s.Component.Name != component.Nodes.Name || len(hosts) == 0 {
		return s
	}
	less := s
	less.Wanted, less.Found = nil, nil
	for i, r := range s.Wanted {
		if node, ok := r.(resource.Node); ok && slices.Contains(hosts, node.Name) {
			continue
		}
		less.Wanted = append(less.Wanted, r)
		if s.Found != nil {
			less.Found = append(less.Found, s.Found[i])
		}
	}
	return less
}

// Only returns the plan limited to some hosts. What concerns those hosts but is done elsewhere, which is their nodes'
// labels in the API, stays.
func (p Plan) Only(hosts ...string) Plan {
	chosen := map[string]bool{}
	ids := map[string]bool{}
	for _, h := range hosts {
		chosen[h] = true
		ids[resource.Node{Name: h}.ID()] = true
	}
	limited := Plan{Spare: p.Spare}
	for _, s := range p.Steps {
		if !chosen[s.Target.Host.Name] {
			var rest []resource.Resource
			for _, r := range s.Wanted {
				if s.Component.Name == component.Nodes.Name && ids[r.ID()] {
					rest = append(rest, r)
				}
			}
			s.Wanted = rest
		}
		if len(s.Wanted) > 0 {
			limited.Steps = append(limited.Steps, s)
		}
	}
	return limited
}
