package resource

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// unit is what systemd says of one unit.
type unit struct {
	load     string // LoadState: "loaded", "not-found", "masked"
	active   string // ActiveState: "active", "activating", "failed", …
	sub      string // SubState: "running", "auto-restart", …
	file     string // UnitFileState: "enabled", "disabled", "static", …
	mainPID  int    // 0 when there is no process
	pending  bool   // a job, such as a start, waits or is under way
	outdated bool   // NeedDaemonReload: a file on the disk is newer than what systemd has read
	restarts int    // by systemd itself, since somebody last started it; 0 before systemd 235, which does not tell
	dropIns  []string
}

// unitProperties are asked for in one call. A unit's own properties come in systemd's order, not in this one.
const unitProperties = "LoadState,ActiveState,SubState,MainPID,UnitFileState,Job,NeedDaemonReload,DropInPaths,NRestarts"

// units asks systemd for some units in one call; the answers are in the order of the names. A unit that does not exist
// has the load state "not-found".
func (s *System) units(ctx context.Context, names ...string) ([]unit, error) {
	argv := append([]string{"systemctl", "show", "-p", unitProperties, "--"}, names...)
	out, err := s.Run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	var list []unit
	for block := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n\n") {
		list = append(list, parseUnit(block))
	}
	if len(list) != len(names) {
		return nil, fmt.Errorf("%s: %d answers for %d units", strings.Join(argv, " "), len(list), len(names))
	}
	return list, nil
}

func (s *System) unit(ctx context.Context, name string) (unit, error) {
	list, err := s.units(ctx, name)
	if err != nil {
		return unit{}, err
	}
	return list[0], nil
}

func parseUnit(block string) unit {
	var u unit
	for line := range strings.Lines(block) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			u.load = value
		case "ActiveState":
			u.active = value
		case "SubState":
			u.sub = value
		case "UnitFileState":
			u.file = value
		case "MainPID":
			u.mainPID, _ = strconv.Atoi(value) // systemd writes a number, and 0 is no process
		case "Job":
			u.pending = value != "" && value != "0"
		case "NeedDaemonReload":
			u.outdated = value == "yes"
		case "NRestarts":
			u.restarts, _ = strconv.Atoi(value) // as above
		case "DropInPaths":
			u.dropIns = strings.Fields(value)
		}
	}
	return u
}

// runs tells that the unit has a process, or is one of those that need none. A unit that waits for its next try after a
// crash does not run. One that is starting does: etcd is not up until it has found its peers.
func (u unit) runs() bool {
	switch u.active {
	case "active", "reloading":
		return true
	case "activating":
		return u.mainPID != 0 && u.sub != "auto-restart"
	}
	return false
}

// failedForGood tells that the unit has failed and will not be tried again by itself. While a restart is under way a
// unit may pass through "failed".
func (u unit) failedForGood() bool { return u.active == "failed" && !u.pending }

// enabled tells that the unit starts at each boot.
func (u unit) enabled() bool { return u.file == "enabled" }

// canEnable tells that enabling would change something: a unit without an [Install] section has nothing to enable.
func (u unit) canEnable() bool {
	return !slices.Contains([]string{"static", "indirect", "generated", "alias", "transient"}, u.file)
}

// stale tells that systemd must read its files again before the unit is started. That costs a tenth of a second and more
// on a busy host. A unit that systemd does not hold in memory is read when it is asked for, so it is never stale.
// systemd does not notice at once that a unit's first drop-in has come or its last has gone; so that is compared.
func (u unit) stale(dropIn string, wanted bool) bool {
	return u.load != "not-found" && (u.outdated || slices.Contains(u.dropIns, dropIn) != wanted)
}

// reload makes systemd read its files again if the unit is stale.
func (s *System) reload(ctx context.Context, name, dropIn string, wanted bool) error {
	u, err := s.unit(ctx, name)
	if err != nil || !u.stale(dropIn, wanted) {
		return err
	}
	_, err = s.change(ctx, "systemctl", "daemon-reload")
	return err
}
