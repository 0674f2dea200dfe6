package plan

import "slices"

// Without returns the plan without some hosts: without what is about them, and without what they
// would carry out.
func (p Plan) Without(hosts ...string) Plan {
	return p.keep(func(s Step) bool { return !slices.Contains(hosts, s.About()) && !slices.Contains(hosts, s.At) })
}

// Only returns the plan limited to what is about some hosts, wherever it is carried out, and to
// some components of the others.
func (p Plan) Only(components []string, hosts ...string) Plan {
	return p.keep(func(s Step) bool {
		return slices.Contains(hosts, s.About()) || slices.Contains(components, s.Component.Name)
	})
}

// OnlyComponents returns the plan limited to some components, by name.
func (p Plan) OnlyComponents(names ...string) Plan {
	return p.keep(func(s Step) bool { return slices.Contains(names, s.Component.Name) })
}

// At returns the steps that a host carries out.
func (p Plan) At(host string) []Step {
	return p.keep(func(s Step) bool { return s.At == host }).Steps
}

func (p Plan) keep(has func(Step) bool) Plan {
	kept := p
	kept.Steps = nil
	for _, s := range p.Steps {
		if has(s) {
			kept.Steps = append(kept.Steps, s)
		}
	}
	return kept
}

// Last returns the plan with the steps of a component in an order in which what is about one host
// comes after what is about the others: where it is Rolling, that host is changed last.
func (p Plan) Last(component, host string) Plan {
	var places []int
	var steps, last []Step
	for i, s := range p.Steps {
		if s.Component.Name != component {
			continue
		}
		places = append(places, i)
		if s.About() == host {
			last = append(last, s)
		} else {
			steps = append(steps, s)
		}
	}
	ordered := p
	ordered.Steps = slices.Clone(p.Steps)
	for n, s := range slices.Concat(steps, last) {
		ordered.Steps[places[n]] = s
	}
	return ordered
}
