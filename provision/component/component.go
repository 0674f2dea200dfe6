// Package component says what a cluster is made of, one file per component. A component is a chapter: it states which
// resources a host should have, and nothing about how to get there. Start at Components, the table of contents.
package component

import "kbootstrap/resource"

// Component is a chapter of the cluster: what some hosts should have, and what must be there before.
type Component struct {
	Name string
	// On tells which hosts have it.
	On func(t Target) bool
	// AtLead has it carried out on the control plane that leads, whichever host it is about.
	AtLead bool
	// After names the components that must be done on the same host first.
	After []string
	// Needs names the components that must be done on every host first.
	Needs []string
	// Gates names the components that it waits for while it is made, on its host: its files travel meanwhile. When they
	// have failed on every host, the wait is over.
	Gates []string
	// Rolling components are changed on one host at a time once they run, since the cluster stops without a quorum of
	// them.
	Rolling bool
	// Turn is when the component's contents travel.
	Turn Turn
	// Resources are what the host should have, in the order in which they are made.
	Resources func(t Target) []resource.Resource
}

// Turn is one of three times at which contents travel. Within a turn they go in the order of Components.
type Turn int

// The turns. The zero value is InTurn.
const (
	InTurn Turn = iota
	Urgent      // before any others: what all hosts wait for
	Late        // when the API answers: what no node waits for, and what would keep the API server from its start
)
