package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/component"
	"kbootstrap/provision/draft"
	"kbootstrap/provision/plan"
)

// bindFrom adds the flags of inventories that are made of hosts.
func (f *initFlags) bindFrom(c *cobra.Command) {
	c.Flags().Var(&choice{&f.from, []string{"vagrant", "ansible", "ssh"}}, "from", "make the inventory of these hosts")
	c.Flags().BoolVar(&f.offline, "offline", false, "with --from: ask no host")
	c.Flags().StringVar(&f.key, "key", "", "with --from ssh: the private key to log in with")
	c.Flags().Var(&choice{&f.hostKey, []string{"strict", "ask", "accept-new"}}, "host-key",
		"with --from: what to do if the key of a host is not known; written to the inventory, too")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "with --from: print errors only")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "with --from: print every wait")
	c.Flags().BoolVarP(&f.askSudo, "ask-sudo-password", "K", false,
		"with --from: ask for the sudo password at once, without checking first whether sudo wants one")
}

// initFrom writes an inventory of hosts that are there.
func (a *app) initFrom(ctx context.Context, f *initFlags, args []string) error {
	if _, err := os.Lstat(f.output); err == nil && f.output != "-" && !f.force {
		return cli.UsageError{Err: existing(f.output)} // before hosts are asked
	}
	source, err := f.source(ctx, args)
	if err != nil {
		return err
	}
	facts, failed, err := map[string]host.Facts(nil), map[string]error(nil), error(nil)
	if !f.offline {
		if facts, failed, err = a.meet(ctx, f, source); err != nil {
			return err
		}
	}
	d := draft.Propose(source, facts, failed)
	text := d.Text(f.directory(), f.hostKey)
	next := "read it, then: kbootstrap preflight -i " + f.output
	if d.Open() > 0 {
		next = "do what its comments with TODO say, then: kbootstrap validate -i " + f.output
	}
	if err := a.writeInventory(*f, text, next); err != nil {
		return err
	}
	if d.Open() > 0 {
		return exitError{exitPartial, fault.HostsOpen.Errorf("%s: something is left open about %s",
			f.output, hostCount(d.Open()))}
	}
	// What is proposed may still be wrong, as where a host is in the network of pods.
	if _, err := inventory.Parse(f.output, []byte(text), component.Rules()); err != nil {
		return exitError{exitPartial, err}
	}
	return nil
}

func hostCount(n int) string {
	if n == 1 {
		return "1 host"
	}
	return fmt.Sprintf("%d hosts", n)
}

// directory is that of the inventory, to which its paths are relative.
func (f *initFlags) directory() string {
	dir := "."
	if f.output != "-" {
		dir = filepath.Dir(f.output)
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		return absolute
	}
	return dir
}

// meet asks the hosts of a source for their facts. When none answers, there is nothing to write.
func (a *app) meet(ctx context.Context, f *initFlags, s draft.Source) (map[string]host.Facts, map[string]error, error) {
	flags := &clusterFlags{
		app: a, paths: true, output: textOutput, progress: "auto", quiet: f.quiet, verbose: f.verbose,
		askSudo: f.askSudo, hostKey: f.hostKey,
	}
	shown, err := newProgress(a, "init", flags)
	if err != nil {
		return nil, nil, err
	}
	a.shown = shown
	shown.start(nil)
	options, stop := flags.options(ctx)
	defer stop()
	hosts := s.Inventory()
	if s.OwnHostKeys {
		for i := range hosts {
			hosts[i].SSH.KnownHosts = filepath.Join(f.directory(), "known_hosts")
		}
	}
	facts, failed, err := provision.Meet(ctx, hosts, options)
	if err == nil && len(facts) == 0 {
		var failures plan.Failures
		for _, h := range hosts {
			failures = append(failures, plan.Failure{Host: h.Name, Component: "connect", Err: failed[h.Name]})
		}
		err = failures
	}
	return facts, failed, err
}
