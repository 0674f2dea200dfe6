package resource

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"

	"kbootstrap/host"
)

// Owed is the note that a service has to be started again. It lies in /run: what is running before
// a boot is not after. Nothing else tells when a run is cut off between the change of a file and
// the restart, if the file was edited by hand: the process may have started with the edit or with
// what was there before.
func Owed(name string) string { return "/run/kbootstrap/" + name + ".restart" }

// owedReload is the note that a service has to read its configuration again: no digest in the
// environment of its process tells what it has read since it was started.
func owedReload(name string) string { return "/run/kbootstrap/" + name + ".reload" }

// Owe notes, before a resource is changed, what a running service then has to do because of it.
func (s Service) Owe(sys *host.System, id string) error {
	if slices.Contains(s.Starts, id) {
		if err := OweRestart(sys, s.Name); err != nil {
			return err
		}
	}
	if slices.Contains(s.Reloads, id) {
		return owe(sys, owedReload(s.Name))
	}
	return nil
}

func OweRestart(sys *host.System, name string) error { return owe(sys, Owed(name)) }

func owe(sys *host.System, note string) error {
	if sys.Exists(note) {
		return nil
	}
	return sys.WriteOwn(sys.Path(note), nil, 0o600)
}

// NotOwed takes away what is noted of a service that was started again, or has ended.
func NotOwed(sys *host.System, name string) error {
	err := cmp.Or(sys.RemoveFile(sys.Path(owedReload(name))), sys.RemoveFile(sys.Path(Owed(name))))
	sys.RemoveEmpty(sys.Path(filepath.Dir(Owed(name))))
	return err
}

// reload has the process read its configuration again, if that is owed. The unit's ExecReload=
// refuses a configuration that the program cannot read.
func (s Service) reload(ctx context.Context, sys *host.System) error {
	if s.Reloads == nil || !sys.Exists(owedReload(s.Name)) {
		return nil
	}
	if _, err := sys.Change(ctx, "systemctl", "reload", s.Name); err != nil {
		return err
	}
	// While HAProxy reads, its process has another command line: "-sf 214 -x sockpair@3" and its
	// own.
	deadline, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := host.Poll(deadline, startPoll, func() (bool, error) {
		u, err := sys.Unit(deadline, s.Name)
		return err == nil && s.converged(sys, u), err
	})
	if ctx.Err() != nil {
		return err
	}
	return NotOwed(sys, s.Name) // what is not as it should be by now, the next look tells
}
