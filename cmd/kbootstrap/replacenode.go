package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
)

func replaceNodeCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		ignore  ignoreFlag
		confirm string
	)
	c := &cobra.Command{
		Use:   "replace-node HOST...",
		Short: "Put hosts that were installed again back into their cluster",
		Long: `Put hosts that were installed again, or lost their disks, back into their cluster, under their names and
addresses.

First what the cluster knows of the machines before goes: the member of etcd whose data is lost, and the node
with its pods. Then the hosts join as new ones, as with add-node. A host that still has something of a cluster
is refused (KB6070), and so is a replacement while another member of etcd is not well (KB6071). A run that was
cut off in its first half is finished by the same command, and in its second half by add-node.

A new machine has a new SSH host key: take the old one out of known_hosts first, as the error says.`,
		Example: `  kbootstrap replace-node m3 -i hosts.yaml
  kbootstrap replace-node w2 -i hosts.yaml --confirm demo`,
		Args: cli.Args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			for _, name := range names {
				if _, ok := cluster.Host(name); !ok {
					return cli.UsageError{Err: unknownHost{name, cluster}}
				}
			}
			names = slices.Compact(slices.Sorted(slices.Values(names)))
			what := "this has " + cluster.Name + " forget what was on " + strings.Join(names, ", ")
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			options, stop := flags.options()
			defer stop()
			err = flags.forgetFormers(c.Context(), cluster, options, names, func(run *provision.Run) error {
				a.shown.suspend()
				defer a.shown.resume()
				fmt.Fprint(a.stdout, formersText(run))
				if confirm != "" {
					return nil
				}
				return person.confirm(c.Context(), cluster.Name, what)
			})
			if err != nil {
				return err
			}
			scope := provision.Scope{Hosts: names}
			if guard.JoinsPlanes(cluster, names) {
				scope.Hosts = nil
			}
			run, err := provision.Prepare(c.Context(), cluster, scope, options, provision.AddNode(ignored)...)
			if err != nil {
				return err
			}
			defer run.Close()
			summary, err := run.Apply(c.Context())
			if err != nil {
				return a.partly(flags, summary, runError(err, summary.Outcome))
			}
			flags.show(nil, func() { a.printSummary(run, summary, "") })
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	return c
}

// forgetFormers takes what the hosts were before out of the cluster.
func (f *clusterFlags) forgetFormers(
	ctx context.Context, cluster *inventory.Cluster, o fleet.Options, names []string,
	confirm func(*provision.Run) error,
) error {
	run, err := provision.Prepare(ctx, cluster, provision.Scope{}, o, provision.ReplaceNode(names, confirm)...)
	if err != nil {
		return err
	}
	defer run.Close()
	summary, err := run.Apply(ctx)
	if err != nil {
		return f.app.partly(f, summary, runError(err, summary.Outcome))
	}
	return nil
}

// formersText says what a replacement takes away before the hosts join as new.
func formersText(run *provision.Run) string {
	members, nodes := run.Formers()
	text := ""
	if members != nil {
		text += "etcd loses the members that had their data on " + strings.Join(members, ", ") + "\n"
	}
	if nodes != nil {
		text += "the cluster forgets the nodes " + strings.Join(nodes, ", ") + ", and their pods start elsewhere\n"
	}
	return text + "then these hosts join as new: " + strings.Join(run.Leaving.Hosts, ", ") + "\n"
}
