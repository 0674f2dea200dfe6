package host

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Unit is what systemd says of one unit.
type Unit struct {
	Name     string
	Load     string   // LoadState: "loaded", "not-found", "masked"
	State    string   // ActiveState: "active", "activating", "failed", …
	Active   bool     // it runs, or is about to: it starts, reloads, or its start waits for that of another
	Sub      string   // SubState: "running", "auto-restart", …
	File     string   // UnitFileState: "enabled", "disabled", "static", …
	PID      int      // its main process; 0 when there is none
	Pending  bool     // a job, such as a start, waits or is under way
	Outdated bool     // NeedDaemonReload: a file on the disk is newer than what systemd has read
	Restarts int      // by systemd itself after the last other start; 0 before systemd 235, which does not tell
	Path     string   // its file
	DropIns  []string // paths

	Invocation string // the id of its last start; "" before systemd 232, which does not tell
}

// UnitProperties are asked for in one call. A unit's own properties come in systemd's order, not in
// this one.
const UnitProperties = "Id,LoadState,ActiveState,SubState,MainPID," +
	"UnitFileState,Job,NeedDaemonReload,FragmentPath,DropInPaths,NRestarts,InvocationID"

// Units asks systemd for some units in one call; the answers are in the order of the names. A unit
// that does not exist has the load state "not-found".
func (s *System) Units(ctx context.Context, names ...string) ([]Unit, error) {
	return unitsOf(ctx, s.Run, names)
}

// Unit asks systemd for one unit.
func (s *System) Unit(ctx context.Context, name string) (Unit, error) {
	list, err := s.Units(ctx, name)
	if err != nil {
		return Unit{}, err
	}
	return list[0], nil
}

func unitsOf(ctx context.Context, run Runner, names []string) ([]Unit, error) {
	blocks, err := showUnits(ctx, run, UnitProperties, names)
	if err != nil {
		return nil, err
	}
	list := make([]Unit, len(blocks))
	for i, block := range blocks {
		list[i] = parseUnit(block)
	}
	return list, nil
}

func parseUnit(block string) Unit {
	var u Unit
	for line := range strings.Lines(block) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "Id":
			u.Name = value
		case "LoadState":
			u.Load = value
		case "ActiveState":
			u.State = value
		case "SubState":
			u.Sub = value
		case "UnitFileState":
			u.File = value
		case "MainPID":
			u.PID, _ = strconv.Atoi(value) // systemd writes a number, and 0 is no process
		case "Job":
			u.Pending = value != "" && value != "0"
		case "NeedDaemonReload":
			u.Outdated = value == "yes"
		case "NRestarts":
			u.Restarts, _ = strconv.Atoi(value) // as above
		case "InvocationID":
			u.Invocation = value
		case "FragmentPath":
			u.Path = value
		case "DropInPaths":
			u.DropIns = strings.Fields(value)
		}
	}
	switch u.State {
	case "active", "activating", "reloading", "refreshing":
		u.Active = true
	case "inactive", "failed":
		u.Active = u.Pending // there is nothing to stop, so the job is a start, as while a host boots
	}
	return u
}

// Runs reports whether the unit has a process, or is one of those that need none. A unit that waits
// for its next try after a crash does not run. One that is starting does: etcd is not up until it
// has found its peers.
func (u Unit) Runs() bool {
	switch u.State {
	case "active", "reloading":
		return true
	case "activating":
		return u.PID != 0 && u.Sub != "auto-restart"
	}
	return false
}

// FailedForGood reports whether the unit has failed and will not be tried again by itself. While a
// restart is under way a Unit may pass through "failed".
func (u Unit) FailedForGood() bool { return u.State == "failed" && !u.Pending }

// Enabled reports whether the unit starts at each boot.
func (u Unit) Enabled() bool { return u.File == "enabled" }

// CanEnable reports whether enabling would change something: a unit without an [Install] section
// has nothing to enable.
func (u Unit) CanEnable() bool {
	return !slices.Contains([]string{"static", "indirect", "generated", "alias", "transient"}, u.File)
}

// Stale reports whether systemd must read its files again before the unit is started. That costs a
// tenth of a second and more on a busy host. A unit that systemd does not hold in memory is read
// when it is asked for, so it is never stale. systemd does not notice at once that a unit's first
// drop-in has come or its last has gone; so that is compared.
func (u Unit) Stale(dropIn string, wanted bool) bool {
	return u.Load != "not-found" && (u.Outdated || slices.Contains(u.DropIns, dropIn) != wanted)
}

// Reload makes systemd read its files again if the unit is stale.
func (s *System) Reload(ctx context.Context, name, dropIn string, wanted bool) error {
	u, err := s.Unit(ctx, name)
	if err != nil || !u.Stale(dropIn, wanted) {
		return err
	}
	_, err = s.Change(ctx, "systemctl", "daemon-reload")
	return err
}
