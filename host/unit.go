package host

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// UnitState is what systemd says of one unit.
type UnitState struct {
	Load     string // LoadState: "loaded", "not-found", "masked"
	Active   string // ActiveState: "active", "activating", "failed", …
	Sub      string // SubState: "running", "auto-restart", …
	file     string // UnitFileState: "enabled", "disabled", "static", …
	MainPID  int    // 0 when there is no process
	pending  bool   // a job, such as a start, waits or is under way
	outdated bool   // NeedDaemonReload: a file on the disk is newer than what systemd has read
	Restarts int    // by systemd itself, since somebody last started it; 0 before systemd 235, which does not tell
	DropIns  []string
}

// UnitProperties are asked for in one call. A unit's own properties come in systemd's order, not in this one.
const UnitProperties = "LoadState,ActiveState,SubState,MainPID,UnitFileState,Job,NeedDaemonReload,DropInPaths,NRestarts"

// Units asks systemd for some units in one call; the answers are in the order of the names. A unit that does not exist
// has the load state "not-found".
func (s *System) Units(ctx context.Context, names ...string) ([]UnitState, error) {
	argv := append([]string{"systemctl", "show", "-p", UnitProperties, "--"}, names...)
	out, err := s.Run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	var list []UnitState
	for block := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n\n") {
		list = append(list, ParseUnit(block))
	}
	if len(list) != len(names) {
		return nil, fmt.Errorf("%s: %d answers for %d units", strings.Join(argv, " "), len(list), len(names))
	}
	return list, nil
}

func (s *System) Unit(ctx context.Context, name string) (UnitState, error) {
	list, err := s.Units(ctx, name)
	if err != nil {
		return UnitState{}, err
	}
	return list[0], nil
}

func ParseUnit(block string) UnitState {
	var u UnitState
	for line := range strings.Lines(block) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			u.Load = value
		case "ActiveState":
			u.Active = value
		case "SubState":
			u.Sub = value
		case "UnitFileState":
			u.file = value
		case "MainPID":
			u.MainPID, _ = strconv.Atoi(value) // systemd writes a number, and 0 is no process
		case "Job":
			u.pending = value != "" && value != "0"
		case "NeedDaemonReload":
			u.outdated = value == "yes"
		case "NRestarts":
			u.Restarts, _ = strconv.Atoi(value) // as above
		case "DropInPaths":
			u.DropIns = strings.Fields(value)
		}
	}
	return u
}

// Runs tells that the unit has a process, or is one of those that need none. A unit that waits for its next try after a
// crash does not run. One that is starting does: etcd is not up until it has found its peers.
func (u UnitState) Runs() bool {
	switch u.Active {
	case "active", "reloading":
		return true
	case "activating":
		return u.MainPID != 0 && u.Sub != "auto-restart"
	}
	return false
}

// FailedForGood tells that the unit has failed and will not be tried again by itself. While a restart is under way a
// UnitState may pass through "failed".
func (u UnitState) FailedForGood() bool { return u.Active == "failed" && !u.pending }

// Enabled tells that the unit starts at each boot.
func (u UnitState) Enabled() bool { return u.file == "enabled" }

// CanEnable tells that enabling would change something: a unit without an [Install] section has nothing to enable.
func (u UnitState) CanEnable() bool {
	return !slices.Contains([]string{"static", "indirect", "generated", "alias", "transient"}, u.file)
}

// Stale tells that systemd must read its files again before the unit is started. That costs a tenth of a second and more
// on a busy host. A unit that systemd does not hold in memory is read when it is asked for, so it is never stale.
// systemd does not notice at once that a unit's first drop-in has come or its last has gone; so that is compared.
func (u UnitState) Stale(dropIn string, wanted bool) bool {
	return u.Load != "not-found" && (u.outdated || slices.Contains(u.DropIns, dropIn) != wanted)
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
