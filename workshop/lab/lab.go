package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Lab is a set of hosts in a directory. Its methods read the state each time, so several may be
// open at once.
type Lab struct {
	dir string
}

// Open returns the lab in the directory; the error is ErrNoLab when there is none.
func Open(dir string) (*Lab, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := checkMachine(false); err != nil {
		return nil, err
	}
	_, err = readState(dir)
	return &Lab{dir}, err
}

// Dir returns the absolute path of the lab's directory.
func (l *Lab) Dir() string { return l.dir }

// Inventory returns the path of the lab's hosts.yaml.
func (l *Lab) Inventory() string { return filepath.Join(l.dir, inventoryFile) }

// Hosts returns all hosts, spares too.
func (l *Lab) Hosts() ([]Host, error) {
	s, err := readState(l.dir)
	if err != nil {
		return nil, err
	}
	return s.list(), nil
}

func (s state) list() []Host {
	hosts := make([]Host, len(s.Hosts))
	for i, h := range s.Hosts {
		hosts[i] = h.Host
		hosts[i].Running = s.isRunning(h)
	}
	return hosts
}

// isRunning reports whether the host's PID 1 lives; of a virtual machine, its kernel.
func (s state) isRunning(h hostState) bool {
	if s.Spec.VM {
		return h.Nspawn.alive()
	}
	return h.Nspawn.leader() != 0
}

// all returns the hosts, to be changed in place.
func (s *state) all() []*hostState {
	hosts := make([]*hostState, len(s.Hosts))
	for i := range s.Hosts {
		hosts[i] = &s.Hosts[i]
	}
	return hosts
}

// host returns the host of that name, to be changed in place.
func (s *state) host(name string) (*hostState, error) {
	i := slices.IndexFunc(s.Hosts, func(h hostState) bool { return h.Name == name })
	if i < 0 {
		return nil, hintedError{fmt.Errorf("no host %q in this lab", name), "see: kblab ls --dir " + s.Spec.Dir}
	}
	return &s.Hosts[i], nil
}

// change runs a function on the lab's state as the only one who does, and writes the state
// afterwards whatever happened, since part of what the function wanted may be there.
func (l *Lab) change(f func(s *state) error) error {
	unlock, err := lock(l.dir)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := readState(l.dir)
	if err != nil {
		return err
	}
	return errors.Join(f(&s), s.write())
}

// Start powers a host on unless it is on, and returns when it lets its user in.
func (l *Lab) Start(ctx context.Context, name string) error {
	return l.change(func(s *state) error {
		h, err := s.host(name)
		if err != nil {
			return err
		}
		return s.start(ctx, []*hostState{h})
	})
}

// stopDeadline is how long a host may take to power off: systemd gives a unit 90 s.
const stopDeadline = 2 * time.Minute

// Stop powers a host off as its own poweroff would, and returns when it is off.
func (l *Lab) Stop(ctx context.Context, name string) error {
	return l.change(func(s *state) error {
		h, err := s.host(name)
		if err != nil {
			return err
		}
		h.Off = true
		ctx, cancel := context.WithTimeout(ctx, stopDeadline)
		defer cancel()
		if err := s.powerOff(ctx, *h); err != nil {
			return err
		}
		if err := poll(ctx, func() error {
			if h.Nspawn.alive() {
				return fmt.Errorf("%s: still on", name)
			}
			return nil
		}); err != nil {
			return hintedError{err, "pull the plug: kblab kill " + name}
		}
		return s.clean(ctx, h)
	})
}

// powerOff tells a host that is on to power itself off.
func (s state) powerOff(ctx context.Context, h hostState) error {
	if !h.Nspawn.alive() {
		return nil
	}
	if s.Spec.VM {
		return s.stopVM(ctx, h)
	}
	// nspawn passes it on as the signal by which systemd halts. A second one would kill.
	return h.Nspawn.signal(syscall.SIGTERM)
}

// Kill pulls the plug: all processes of the host end at once, without a chance to write anything.
func (l *Lab) Kill(ctx context.Context, name string) error {
	return l.change(func(s *state) error {
		h, err := s.host(name)
		if err != nil {
			return err
		}
		h.Off = true
		if s.Spec.VM {
			return errors.Join(killVM(*h), s.clean(ctx, h))
		}
		// Its PID namespace goes with PID 1, in one step.
		if leader := h.Nspawn.leader(); leader != 0 {
			if err := syscall.Kill(leader, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
		return s.clean(ctx, h)
	})
}

// clean removes what is left of a host that is off.
func (s state) clean(ctx context.Context, h *hostState) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return errors.Join(clearCgroups(ctx, s.hostCgroups(h.Name)), removeNetns(ctx, s.hostNetns(h.Name)))
}

// Down removes the lab: its processes, namespaces, cgroups and files. Files in its directory that
// are not the lab's stay. It is no error that there is no lab.
func Down(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := checkMachine(false); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := readState(dir)
	switch {
	case errors.Is(err, ErrNoLab):
		// Someone removed the files of a lab, or there was none. What is in the directory now is
		// not ours.
		if err := (state{ID: idOf(dir)}).removeNetwork(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if err := s.sweep(ctx); err != nil {
			return err
		}
	}
	os.Remove(filepath.Join(dir, lockFile))
	os.Remove(dir) // when it is empty
	return nil
}

// sweep removes all that a lab owns, however much of it there is; the state file last.
func (s state) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := errors.Join(clearCgroups(ctx, s.Cgroups), s.removeNetwork(ctx)); err != nil {
		return err
	}
	for _, h := range s.Hosts {
		h.Nspawn.alive() // collects them if they were children of this process
		h.Forwarder.alive()
		// nspawn's own, for moving mounts into the host.
		os.Remove("/run/systemd/nspawn/propagate/kbl-" + s.ID + "-" + h.Name)
	}
	for _, name := range s.files() {
		if err := os.RemoveAll(filepath.Join(s.Spec.Dir, name)); err != nil {
			return err
		}
	}
	os.Remove(filepath.Join(s.Spec.Dir, toolDir)) // when it is empty
	return nil
}

// start boots those of the hosts that are off, and waits until all of them let their user in.
func (s *state) start(ctx context.Context, hosts []*hostState) error {
	begun := time.Now()
	if err := s.moveCgroups(); err != nil {
		return err
	}
	var booted []string
	for _, h := range hosts {
		if h.Nspawn.alive() {
			continue
		}
		if err := s.powerOn(ctx, h); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
		booted = append(booted, h.Name)
	}
	if len(booted) == 0 {
		s.Spec.progress("all hosts run already, nothing to boot")
	} else {
		s.Spec.progress("booting %s", strings.Join(booted, ", "))
	}
	// So that whoever finds a dead lab knows its processes.
	if err := s.write(); err != nil {
		return err
	}
	group, waiting := errgroup.WithContext(ctx)
	for _, h := range hosts {
		group.Go(func() error { return s.waitSSH(waiting, *h) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.Spec.progress("all hosts answer after %.1f s", time.Since(begun).Seconds())
	return nil
}

// moveCgroups plans new cgroups when the machine has started again since the lab did, and has
// others now.
func (s *state) moveCgroups() error {
	for _, dir := range s.Cgroups {
		if _, err := os.Stat(filepath.Dir(dir)); errors.Is(err, fs.ErrNotExist) {
			s.Cgroups, err = labCgroups(s.ID)
			return err
		}
	}
	return nil
}

func (s Spec) progress(format string, args ...any) {
	if s.Progress != nil {
		s.Progress(fmt.Sprintf(format, args...))
	}
}
