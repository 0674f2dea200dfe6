package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func restoreCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		confirm string
		replace bool
		keys    string
		ignored []string
	)
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a cluster hold again what a backup has",
		Long: `Make a cluster hold again what a backup has: on the same hosts, or on others that the inventory names.

The data is restored on all members of etcd first, next to that of now. Then all API servers end, then all members;
only when none runs any more is the data changed, and what was there before stays next to it. Then the cluster is
started as by "up". Revisions go on 1,000,000,000 above the backup, so that all who watch the API look again.
Pods go on running meanwhile.

A state directory without keys gets those of the backup. A set that a host has made by itself has none: its keys
are those of the state directory, or of the whole backup that --keys names. A cluster that runs is refused without --replace. A run that
was cut off is finished by the same command; "up" refuses to start anything until then.

FILE may be s3://BUCKET/NAME.kbackup, in the store that the inventory describes under backup.s3, or
s3://BUCKET/NAME/ for the newest backup of the cluster there.`,
		Example: `  kbootstrap restore demo-20261129T120000Z.kbackup --confirm demo
  kbootstrap restore demo-20261129T120000Z.kbackup --replace --identity ~/.ssh/id_ed25519
  kbootstrap restore s3://backups/demo/demo-20261129T120000Z.kbackup --bundle demo-bundle.tar
  kbootstrap restore demo-cp1-20261129T023000Z.kbackup --keys demo-20261129T120000Z.kbackup`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			what := "this replaces what etcd of " + cluster.Name + " holds"
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			found, err := flags.locate(c.Context(), cluster, files[0])
			if err != nil {
				return err
			}
			defer func() { _ = found.Close() }() // nothing was written that could be lost
			opened, err := a.identities(c.Context(), found.path, flags.identities)
			if err != nil {
				return err
			}
			set, err := provision.ReadRestoreSet(found.path, opened)
			if err != nil {
				return err
			}
			defer func() { _ = set.Close() }() // nothing was written that could be lost
			if keys != "" {
				if err := flags.takeKeys(c.Context(), cluster, set, keys); err != nil {
					return err
				}
			}
			begin := time.Now()
			ask := func(run *provision.Run) error {
				return a.consent(c.Context(), person, cluster.Name, what, restoreText(cluster, set, begin))
			}
			if err := flags.restoreData(c.Context(), provision.Restore(set, replace, ask)); err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Up(nil, ignored))
			if err != nil {
				return err
			}
			defer done()
			if _, err := flags.carryOut(c.Context(), run); err != nil {
				return err
			}
			if _, err := run.WriteKubeconfig(); err != nil {
				return err
			}
			store, err := run.CheckRestored(c.Context(), set.Manifest)
			if err != nil {
				return err
			}
			strangers := run.Strangers(store)
			flags.show(report.NewRestore(set.Manifest, store, strangers, time.Since(begin)), func() {
				fmt.Fprintf(a.stdout, "%s: restored in %s: %d keys, as of %s, at revision %d now\n", cluster.Name,
					seconds(time.Since(begin)), store.Keys, set.Manifest.Created.Local().Format(time.DateTime),
					store.Revision)
				fmt.Fprintln(a.stdout, "the data of before is on the hosts of etcd, in "+
					"/var/lib/etcd/member.before-restore-*: remove it when nothing is missed")
				if len(strangers) > 0 {
					fmt.Fprintf(a.stdout, "nodes that the inventory does not have: kubectl delete node %s\n",
						strings.Join(strangers, " "))
				}
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	c.Flags().StringVar(&keys, "keys", "",
		"a whole backup with the keys, where the backup is a set of a host and the state directory is lost")
	c.Flags().BoolVar(&replace, "replace", false, "replace what a cluster holds that runs")
	c.Flags().StringSliceVar(&ignored, "ignore-preflight", nil, "checks of hosts that only warn")
	return c
}

// takeKeys completes a set with the keys of a whole backup.
func (f *clusterFlags) takeKeys(
	ctx context.Context, cluster *inventory.Cluster, set *provision.RestoreSet, whole string,
) error {
	found, err := f.locate(ctx, cluster, whole)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // nothing was written that could be lost
	opened, err := f.app.identities(ctx, found.path, f.identities)
	if err != nil {
		return err
	}
	if err := set.TakeKeysFrom(found.path, opened); err != nil {
		return err
	}
	set.KeysFrom = found.name(whole)
	return nil
}

// restoreData carries out the plan that changes the data of etcd.
func (f *clusterFlags) restoreData(ctx context.Context, stages []provision.Stage) error {
	run, done, err := f.prepare(ctx, provision.Scope{}, stages)
	if err != nil {
		return err
	}
	defer done()
	summary, err := run.Apply(ctx)
	return runError(err, summary.Outcome)
}

// restoreText says what is about to be lost.
func restoreText(c *inventory.Cluster, set *provision.RestoreSet, now time.Time) string {
	m := set.Manifest
	var names []string
	for _, h := range c.With(inventory.Etcd) {
		names = append(names, h.Name)
	}
	slices.Sort(names)
	var keys string
	switch {
	case m.Part != "" && set.KeysFrom == "":
		keys = "\nthe backup is a set of the host " + m.Etcd.Host + "; the keys are those of " + c.StateDir()
	case m.Part != "":
		keys = "\nthe backup is a set of the host " + m.Etcd.Host + "; the keys are those of " + set.KeysFrom
	}
	return fmt.Sprintf("%s: the backup is of %s, %s ago: %d keys, %d nodes\n"+
		"what was written to the API since then will be gone\netcd: %s%s\n", c.Name,
		m.Created.Local().Format(time.DateTime), now.Sub(m.Created).Round(time.Second), m.Etcd.Keys, len(m.Etcd.Nodes),
		strings.Join(names, ", "), keys)
}
