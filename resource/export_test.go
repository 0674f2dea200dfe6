package resource

import (
	"kbootstrap/host"
	"kbootstrap/host/surroundings"
)

// What the tests of this room look at from outside of it, because they use the room above.
const ConfigVariable = surroundings.ConfigVariable
const ContentLimit = contentLimit
const Enforcing = enforcing
const Permissive = permissive
const SelinuxConfig = selinuxConfig
const UnitPoll = unitPoll

// LookAgain lets a watch look without the usual pause.
func LookAgain(w *Watch) {
	if !w.looked.IsZero() {
		w.looked = w.looked.Add(-unitPoll)
	}
}

var BootstrapDropIn = bootstrapDropIn
var ConfigOf = configOf
var PacketFilters = packetFilters

func (ps Processes) List(sys *host.System) ([]host.Process, error) { return ps.list(sys) }

func (s Service) FoundAs(sys *host.System, u host.Unit) Service { return s.found(sys, u) }
