package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"kbootstrap/workshop/lab"
)

// clusterName is the name of every cluster here.
const clusterName = "bench"

// withoutAddOns ends the inventory of a plain cluster.
const withoutAddOns = "addons: {metrics: {enabled: false}, storage: {enabled: false}}\n"

// hosts is a running lab.
type hosts struct {
	*lab.Lab
	dir       string
	all       []lab.Host
	inventory []byte // hosts.yaml as it was at first
}

// boot starts fresh hosts for a scenario and waits until nothing happens on them any more.
func (b *bench) boot(ctx context.Context, s scenario) (*hosts, error) {
	dir := b.labDir(s)
	b.down(ctx, dir) // what an earlier, killed bench left
	mirror, err := lab.DefaultMirror()
	if err != nil {
		return nil, err
	}
	l, err := lab.Up(ctx, lab.Spec{
		Dir: dir, Name: clusterName, ControlPlanes: s.ControlPlanes, Workers: s.Workers, Spare: s.Spare,
		Kubernetes: b.kubernetes, Mirror: mirror, Progress: func(string) {},
	})
	if err != nil {
		return nil, err
	}
	h := &hosts{Lab: l, dir: dir}
	if h.all, err = l.Hosts(); err != nil {
		return nil, err
	}
	if h.inventory, err = os.ReadFile(l.Inventory()); err != nil {
		return nil, err
	}
	if s.Plain {
		h.inventory = append(h.inventory, withoutAddOns...)
		if err := h.restoreInventory(); err != nil {
			return nil, err
		}
	}
	if _, err := contentsOf(ctx, l.Inventory()); err != nil {
		return nil, err
	}
	return h, h.each(ctx, h.settle)
}

// each does something on all hosts at once.
func (h *hosts) each(ctx context.Context, do func(context.Context, lab.Host) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, host := range h.all {
		group.Go(func() error { return do(ctx, host) })
	}
	return group.Wait()
}

// settle makes sshd tell of every channel, and waits for the end of the boot: hosts of users have
// run for a while.
func (h *hosts) settle(ctx context.Context, host lab.Host) error {
	if _, err := h.exec(ctx, host.Name, "sh", "-euc", `
		echo LogLevel DEBUG1 >/etc/ssh/sshd_config.d/bench.conf
		systemctl restart ssh.service
		# It exits with 1 where some unit has failed, which is not for us to judge.
		systemctl is-system-running --wait || :
	`); err != nil {
		return err
	}
	return nil
}

// exec runs a command as root on a host and returns its standard output.
func (h *hosts) exec(ctx context.Context, host string, argv ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	if err := h.Exec(ctx, host, argv, nil, &stdout, &stderr); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// join adds a spare host to the inventory, as a user would in an editor.
func (h *hosts) join(name string) error {
	for _, host := range h.all {
		if host.Name == name {
			return os.WriteFile(h.Inventory(), append(bytes.Clone(h.inventory), host.Snippet()...), 0o644)
		}
	}
	return fmt.Errorf("no host %s in the lab", name)
}

func (h *hosts) restoreInventory() error { return os.WriteFile(h.Inventory(), h.inventory, 0o644) }
