package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func upgradeCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		upgrading   provision.Upgrading
		ignore      ignoreFlag
		to, confirm string
		unavailable string
		dryRun      bool
	)
	c := &cobra.Command{
		Use:   "upgrade",
		Short: "Bring the cluster to the versions of the inventory, host by host",
		Long: `Bring a running cluster to the versions that the inventory says: of Kubernetes the next minor version, or a
patch.

What would fail on the way is refused before anything is changed, all of it at once, with exit code 9: a
minor version that is left out, versions of the API that clients use and the new release does not serve,
budgets that let no pod go, a node or a member of etcd that is not well. Arguments that the new release does
not know are errors of the inventory.

All hosts get the new programs first, and etcd is saved to a file. Then come etcd, the API servers, and the controller managers and
schedulers, one host at a time; then the nodes: pods leave, the kubelet is changed, and when the node is
healthy it takes pods again. The control plane that leads is the first. A service that does not become
healthy is put back, the run stops, and everything after it stays as it was.

A run that was cut off is finished by the next one: it asks the hosts how far they are. Write the version
into the inventory first; --to makes sure that it is there. With --dry-run, upgrade shows what it would do
and what it would refuse, and --to may be another version than the inventory's.`,
		Example: `  kbootstrap upgrade -i hosts.yaml --dry-run --to v1.36.3
  kbootstrap upgrade -i hosts.yaml
  kbootstrap upgrade -i hosts.yaml --to v1.36.3 --confirm demo --max-unavailable 2`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			many, err := parseTolerance(unavailable)
			if err != nil || many == (provision.Tolerance{}) {
				return cli.UsageError{Err: errors.Join(errors.New("--max-unavailable: one host is the least"), err)}
			}
			if dryRun {
				flags.kubernetes = to
			}
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			if to != "" && to != cluster.Kubernetes {
				return cli.UsageError{Err: otherTarget(cluster.File, cluster.Kubernetes, to)}
			}
			upgrading.Unavailable = many.Of(len(cluster.Hosts))
			if dryRun {
				return planUpgrade(c.Context(), a, flags, upgrading)
			}
			what := fmt.Sprintf("this brings all hosts of %s to Kubernetes %s", cluster.Name, cluster.Kubernetes)
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			var shown report.Upgrade
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Upgrade(upgrading,
				func(run *provision.Run) error {
					shown = report.NewUpgrade(run)
					if len(shown.Changes) == 0 {
						person = nil // there is nothing to ask about
					}
					return a.consent(c.Context(), person, cluster.Name, what, upgradeText(shown))
				}, ignored))
			if err != nil {
				return err
			}
			defer done()
			summary, err := flags.carryOut(c.Context(), run)
			if err != nil {
				return err
			}
			kubeconfig, err := run.WriteKubeconfig()
			if err != nil {
				return err
			}
			flags.show(shown, func() { a.printSummary(run, summary, kubeconfig) })
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	c.Flags().StringVar(&to, "to", "", "the version of Kubernetes that the inventory must have, such as v1.36.3")
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show what upgrade would do and refuse; nothing is changed")
	c.Flags().StringVar(&unavailable, "max-unavailable", "1",
		"how many nodes other than control planes may be empty at once (a number, or a percentage such as 10%)")
	c.Flags().DurationVar(&upgrading.Drain, "timeout", 15*time.Minute, "how long the pods of a host may take to leave")
	c.Flags().BoolVar(&upgrading.AcceptDowntime, "accept-downtime", false,
		"upgrade a single control plane or a single worker, although nothing stands in for it meanwhile")
	return c
}

// planUpgrade shows what an upgrade would do.
func planUpgrade(ctx context.Context, a *app, flags *clusterFlags, u provision.Upgrading) error {
	run, done, err := flags.prepare(ctx, provision.Scope{}, provision.PlanUpgrade(u))
	if err != nil {
		return err
	}
	defer done()
	upgrade := report.NewUpgrade(run)
	flags.show(upgrade, func() { fmt.Fprint(a.stdout, upgradeText(upgrade), planText(upgrade.Plan)) })
	if len(upgrade.Refused) > 0 {
		return exitError{exitRefused,
			fault.PlanRefused.Errorf("upgrade would refuse this because of the lines marked with !")}
	}
	return run.LeftOut().ErrOrNil()
}

// otherTarget says which line of the inventory differs from what the user asked for.
func otherTarget(file, has, to string) error {
	return fault.UpgradeTarget.Errorf("%s says `kubernetes: %s`, and --to says %s: write `kubernetes: %s` into the "+
		"inventory, or leave --to out", file, has, to, to)
}

// upgradeText says what moves, and in which order.
func upgradeText(u report.Upgrade) string {
	var b strings.Builder
	for _, m := range u.Moves {
		fmt.Fprintf(&b, "%s: %s -> %s on %s\n", m.Component, strings.Join(m.From, ", "), m.To,
			strings.Join(m.Hosts, ", "))
	}
	for _, m := range u.Moves {
		isOtherMinor := func(version string) bool { return minorOf(version) != minorOf(m.To) }
		if m.Component == "etcd" && slices.ContainsFunc(m.From, isOtherMinor) {
			fmt.Fprintf(&b, "etcd %s: when its last member has it there is no way back but the snapshot\n", m.To)
		}
	}
	if u.SnapshotHost != "" {
		fmt.Fprintf(&b, "before the first change: %s keeps a snapshot of etcd in %s\n", u.SnapshotHost, u.SnapshotDir)
	}
	if len(u.Drained) == 0 {
		return b.String()
	}
	waves := make([]string, len(u.Waves))
	for i, w := range u.Waves {
		waves[i] = strings.Join(w, "+")
	}
	fmt.Fprintf(&b, "nodes, one after the other: %s; pods leave %s first\n", strings.Join(waves, ", "),
		strings.Join(u.Drained, ", "))
	return b.String()
}

// minorOf returns the minor version of a patch: "3.6" of "3.6.14".
func minorOf(version string) string { return version[:max(0, strings.LastIndexByte(version, '.'))] }
