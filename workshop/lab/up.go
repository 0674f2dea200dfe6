package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/internal/atomic"
)

// Up makes the lab be there and running: it boots all hosts at once when there is no lab or a dead
// one, starts the hosts that are off when there is one of the same shape, and does nothing when
// they all run. It returns when every host lets its user in. When it fails to make a lab, nothing
// of it stays.
func Up(ctx context.Context, spec Spec) (*Lab, error) {
	spec, err := spec.complete()
	if err != nil {
		return nil, err
	}
	if err := checkMachine(spec.VM); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(spec.Dir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(spec.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	l := &Lab{spec.Dir}
	old, err := readState(spec.Dir)
	switch {
	case errors.Is(err, ErrNoLab):
		// What is there without a state file is the user's.
		for _, name := range (state{Spec: spec}).files() {
			if _, err := os.Lstat(filepath.Join(spec.Dir, name)); err == nil {
				return nil, hintedError{fmt.Errorf("%s exists, but no lab is here", filepath.Join(spec.Dir, name)),
					"give the lab a directory of its own with --dir"}
			}
		}
	case err != nil:
		return nil, err
	case old.dead():
		spec.progress("clearing away the lab that died here")
		if err := old.sweep(ctx); err != nil {
			return nil, err
		}
	case !old.Spec.sameShape(spec):
		return nil, hintedError{fmt.Errorf("%s: a lab of another shape is here", spec.Dir),
			"take it down first: kblab down --dir " + spec.Dir}
	default:
		old.Spec.Progress = spec.Progress
		return l, errors.Join(old.start(ctx, old.all()), old.write())
	}
	s, err := create(ctx, spec)
	if err != nil {
		// The caller's context may be over, the rest has to go all the same.
		err = errors.Join(err, s.sweep(context.WithoutCancel(ctx)))
		os.Remove(filepath.Join(spec.Dir, lockFile))
		os.Remove(spec.Dir) // when it is empty
		return nil, err
	}
	return l, nil
}

// dead reports whether the lab ended without being told to, as it does with its machine, or was
// never finished.
func (s state) dead() bool {
	off := len(s.Hosts) > 0
	for _, h := range s.Hosts {
		if h.Nspawn.alive() {
			return false
		}
		off = off && h.Off
	}
	return !off
}

// create makes a lab where there is none. The state that it returns tells what there is to sweep,
// also with an error.
func create(ctx context.Context, spec Spec) (*state, error) {
	s := &state{ID: idOf(spec.Dir), Spec: spec}
	hosts := planHosts(spec)
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Image
	}
	// All of them are made before there is a lab.
	roots, err := baseRoots(ctx, names, spec.progress)
	if err != nil {
		return s, err
	}
	if spec.VM {
		if s.Kernel, err = kernelTree(ctx, spec.kernel(), func(step string) { spec.progress("%s", step) }); err != nil {
			return s, err
		}
	}
	if s.Cgroups, err = labCgroups(s.ID); err != nil {
		return s, err
	}
	// The state is written before there is anything that it tells of.
	if err := errors.Join(s.write(), s.removeNetwork(ctx), writeLoginKey(spec.Dir)); err != nil {
		return s, err
	}
	if err := raiseInotify(spec.progress); err != nil {
		return s, err
	}
	for _, h := range hosts {
		if err := s.addHost(ctx, h, roots[h.Image]); err != nil {
			return s, fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	if err := errors.Join(s.writeKnownHosts(),
		atomic.WriteFile(filepath.Join(spec.Dir, inventoryFile), s.hostsYAML(), 0o644)); err != nil {
		return s, err
	}
	return s, errors.Join(s.start(ctx, s.all()), s.write())
}

// addHost makes a host's disk, above the root file system of its image, and its forwarded port; the
// host is off then.
func (s *state) addHost(ctx context.Context, host Host, base string) error {
	taken := map[int]bool{}
	for _, h := range s.Hosts {
		taken[h.SSHPort] = true
	}
	listener, err := listenSSH(taken)
	if err != nil {
		return err
	}
	defer listener.Close() // the forwarder has a copy
	key, err := newKey(host.Name)
	if err != nil {
		return err
	}
	host.SSHPort = listener.Addr().(*net.TCPAddr).Port
	s.Hosts = append(s.Hosts, hostState{Host: host, Base: base, MachineID: newMachineID(), HostKey: key.public})
	h := &s.Hosts[len(s.Hosts)-1]
	if err := s.write(); err != nil {
		return err
	}
	login, err := os.ReadFile(filepath.Join(s.Spec.Dir, publicKeyFile))
	if err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	files := diskFiles(*h, key.private, string(login))
	if s.Spec.VM {
		files = append(files, vmFiles()...)
	} else {
		files = append(files, containerFiles(canLowerOOM(string(status)))...)
	}
	if err := writeDisk(s.hostDir(h.Name), files); err != nil {
		return err
	}
	if s.Spec.VM {
		if err := s.makeVMDisk(ctx, h.Name, base); err != nil {
			return err
		}
	}
	return s.plugIn(ctx, h, listener)
}

// removeHost is the opposite of addHost, and powers the host off first.
func (s *state) removeHost(ctx context.Context, name string) error {
	h, err := s.host(name)
	if err != nil {
		return err
	}
	err = errors.Join(
		s.clean(ctx, h), clearCgroups(ctx, s.forwardCgroups(name)), removeNetns(ctx, s.natNetns(name)),
		os.RemoveAll(s.hostDir(name)),
	)
	s.Hosts = slices.DeleteFunc(s.Hosts, func(h hostState) bool { return h.Name == name })
	return err
}

// raiseInotify raises a limit of the machine that is per user, and all hosts' root is one user:
// each systemd, kubelet and API server needs some, and the kernel's default of 128 is not enough
// for two hosts.
func raiseInotify(progress func(string, ...any)) error {
	const path, enough = "/proc/sys/fs/inotify/max_user_instances", 8192
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || n >= enough {
		return err
	}
	progress("raising fs.inotify.max_user_instances to %d", enough)
	return os.WriteFile(path, []byte(strconv.Itoa(enough)), 0o644)
}
