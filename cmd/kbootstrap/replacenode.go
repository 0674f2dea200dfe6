package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
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
			if err := mustKnow(cluster, names); err != nil {
				return err
			}
			names = slices.Compact(slices.Sorted(slices.Values(names)))
			what := "this has " + cluster.Name + " forget what was on " + strings.Join(names, ", ")
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			options, stop := flags.options(c.Context())
			defer stop()
			forget := provision.ReplaceNode(names, func(run *provision.Run) error {
				return a.consent(c.Context(), person, cluster.Name, what, formersText(run))
			})
			err = flags.half(c.Context(), cluster, provision.Scope{}, options, forget,
				func(*provision.Run, provision.Summary) {})
			if err != nil {
				return err
			}
			scope := provision.Scope{Hosts: names}
			if guard.JoinsPlanes(cluster, names) {
				scope.Hosts = nil
			}
			return flags.half(c.Context(), cluster, scope, options, provision.AddNode(ignored), flags.showSummary)
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	return c
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
