package main

import (
	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/provision/guard"
)

func addNodeCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var ignore ignoreFlag
	c := &cobra.Command{
		Use:   "add-node HOST...",
		Short: "Join hosts that were added to the inventory",
		Long: `Join hosts that were added to the inventory. Workers join alone, and no other host is changed.

Control planes and members of etcd join one after the other: each is added to etcd as a learner, catches up,
and is promoted; then it gets an API server, and all hosts are told to look for the API there too. No member
of etcd and no API server that is there is started again. If one of the hosts is more than a worker, add-node
is the same as up, and brings all hosts to the inventory.`,
		Example: `  # after adding w3 to hosts.yaml
  kbootstrap add-node w3 -i hosts.yaml
  # from one control plane to three
  kbootstrap add-node m2 m3 -i hosts.yaml`,
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
			scope := provision.Scope{Hosts: names}
			if guard.JoinsPlanes(cluster, names) {
				scope.Hosts = nil
			}
			run, done, err := flags.prepare(c.Context(), scope, provision.AddNode(ignored))
			if err != nil {
				return err
			}
			defer done()
			summary, err := flags.carryOut(c.Context(), run)
			if err != nil {
				return err
			}
			flags.showSummary(run, summary)
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	return c
}
