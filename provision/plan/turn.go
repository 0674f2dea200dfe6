package plan

import (
	"slices"

	"kbootstrap/provision/component"
)

// Turn is one of three times at which contents travel. Within a turn they go in the order of the
// components.
type Turn int

// The turns, in their order.
const (
	Urgent Turn = iota // what every node waits for: etcd and the API server
	InTurn             // what makes a node
	Late               // when the API answers: what would keep the API server from its start
)

// Awaits are the components that the step waits for while it is carried out, on the host: its
// contents travel meanwhile.
func (s Step) Awaits() []string {
	var names []string
	for _, w := range s.Wanted {
		if waits, ok := w.(interface{ Awaits() string }); ok && waits.Awaits() != "" {
			names = append(names, waits.Awaits())
		}
	}
	return names
}

// Turns are when the contents of the components travel, by name. It follows from what waits for
// what:
//
//   - late is what only the last component and those aside come after, and what itself waits for
//     nothing: the API server need not share the line and the disk with it;
//   - urgent is what others await on their hosts before anything can come after them.
func (p Plan) Turns() map[string]Turn {
	awaited, waiting, followed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	components := map[string]component.Component{}
	for _, s := range p.Steps {
		components[s.Component.Name] = s.Component
		for _, name := range slices.Concat(s.Component.After, s.Component.Needs) {
			followed[name] = followed[name] || !s.Component.Last && !s.Component.Aside
		}
		waiting[s.Component.Name] = waiting[s.Component.Name] || len(s.Awaits()) > 0
	}
	for _, s := range p.Steps {
		for _, name := range s.Awaits() {
			awaited[name] = awaited[name] || followed[s.Component.Name]
		}
	}
	turns := map[string]Turn{}
	for name, c := range components {
		switch {
		case awaited[name]:
			turns[name] = Urgent
		case c.Last || followed[name] || waiting[name]:
			turns[name] = InTurn
		default:
			turns[name] = Late
		}
	}
	return turns
}
