package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/workshop/lab"
)

// Limits beyond which a command is not slow but stuck.
const (
	commandLimit = 5 * time.Minute
	cleanLimit   = 2 * time.Minute
)

// bench measures scenarios.
type bench struct {
	options
	labs map[string]*hosts // those that stay for the next run, by scenario; only with -reset
}

// close takes down what still runs, also after Ctrl-C.
func (b *bench) close(ctx context.Context) {
	for _, h := range b.labs {
		b.down(ctx, h.dir)
	}
}

// down takes a lab down, whatever happened before.
func (b *bench) down(ctx context.Context, dir string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanLimit)
	defer cancel()
	if err := lab.Down(ctx, dir); err != nil {
		say("clean up: %v", err)
	}
}

// measure runs a scenario once, from bare hosts.
func (b *bench) measure(ctx context.Context, s scenario) (Run, error) {
	h := b.labs[s.Name]
	delete(b.labs, s.Name)
	if h == nil {
		var err error
		if h, err = b.boot(ctx, s); err != nil {
			b.down(ctx, b.labDir(s))
			return Run{}, fmt.Errorf("boot the hosts: %w", err)
		}
	}
	r, err := b.carryOut(ctx, s, h)
	switch {
	case err != nil && b.keep && ctx.Err() == nil:
		say("%s stays: kblab down --dir %s", h.dir, h.dir)
		return r, err
	case err == nil && b.reset && s.Name != kubeadm:
		if err := b.makeBare(ctx, h); err == nil {
			b.labs[s.Name] = h
			return r, nil
		}
		say("%s: reset: %v", s.Name, err)
	}
	b.down(ctx, h.dir)
	return r, err
}

func (b *bench) labDir(s scenario) string { return filepath.Join(b.dir, s.Name) }

// carryOut does what comes before, then measures the command, then looks whether the cluster is
// there.
func (b *bench) carryOut(ctx context.Context, s scenario, h *hosts) (Run, error) {
	if len(s.Before) > 0 {
		if _, err := b.kbootstrap(ctx, h, s.Before...); err != nil {
			return Run{}, err
		}
	}
	if s.Join != "" {
		if err := h.join(s.Join); err != nil {
			return Run{}, err
		}
	}
	command, err := b.command(ctx, s, h)
	if err != nil {
		return Run{}, err
	}
	unix.Sync() // what came before has nothing more to write
	before, err := h.count(ctx)
	if err != nil {
		return Run{}, err
	}
	worked, err := h.CPUTime()
	if err != nil {
		return Run{}, err
	}
	m, err := command()
	if b.verbose {
		for _, l := range m.lines {
			fmt.Fprintf(os.Stderr, "  %7.3f  %s\n", l.at.Seconds(), l.text)
		}
	}
	if err != nil {
		return Run{}, err
	}
	hostsCPU, err := h.CPUTime()
	if err != nil {
		return Run{}, err
	}
	after, err := h.count(ctx)
	if err != nil {
		return Run{}, err
	}
	if s.Nothing && !strings.Contains(m.stdout, "nothing to do") {
		return Run{}, fmt.Errorf("the second run changed something:\n%s", m.stdout)
	}
	if err := h.ready(ctx, s.nodes()); err != nil {
		return Run{}, err
	}
	if s.Floor {
		f, err := b.floor(ctx, s, h, after.minus(before))
		if err != nil {
			return Run{}, err
		}
		return f, h.ready(ctx, s.nodes())
	}
	became, err := h.readyTimes(ctx, m.start)
	if err != nil {
		return Run{}, err
	}
	marks, err := s.phases(m, became)
	if err != nil {
		return Run{}, err
	}
	if s.Name == kubeadm {
		m.memory = 0 // it would be that of the shell
	}
	return Run{
		Scenario: s.Name, Wall: seconds(m.wall), CPU: seconds(m.cpu), HostsCPU: seconds(hostsCPU - worked),
		Memory: m.memory, Phases: marks, Hosts: after.minus(before).requested(m.lines),
	}, nil
}

// command prepares the command that is measured.
func (b *bench) command(ctx context.Context, s scenario, h *hosts) (func() (measured, error), error) {
	if s.Name != kubeadm {
		return func() (measured, error) { return b.kbootstrap(ctx, h, s.Command...) }, nil
	}
	argv, err := b.kubeadm(ctx, h)
	return func() (measured, error) { return execute(ctx, commandLimit, argv...) }, err
}

// kbootstrap runs a verb of the tool on the lab's cluster. Its plain lines of progress are what
// phases are read from.
func (b *bench) kbootstrap(ctx context.Context, h *hosts, verb ...string) (measured, error) {
	argv := append([]string{b.program}, verb...)
	return execute(ctx, commandLimit, append(argv, "-i", h.Inventory(), "--no-color", "--verbose")...)
}

// makeBare puts hosts back to what they were, so far as the tool's own reset does that.
func (b *bench) makeBare(ctx context.Context, h *hosts) error {
	argv := []string{b.program, "reset", "-i", h.Inventory(), "--confirm", clusterName}
	_, err := execute(ctx, commandLimit, argv...)
	return errors.Join(err, h.restoreInventory())
}

// contentsOf returns what the cluster of an inventory needs, after fetching it into the tool's
// cache: no run pays for that.
func contentsOf(ctx context.Context, file string) (*release.Set, error) {
	c, err := inventory.Load(file, component.Rules())
	if err != nil {
		return nil, err
	}
	return release.Resolve(ctx, c, runtime.GOARCH, release.Options{Sources: component.Sources()})
}
