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
		Short: "Join hosts that were added to the inventory; no other host is changed",
		Example: `  # after adding w3 to hosts.yaml
  kbootstrap add-node w3 -i hosts.yaml`,
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
			if err := guard.MayJoin(cluster, names); err != nil {
				return exitError{exitRefused, err}
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{Hosts: names}, provision.AddNode(ignored))
			if err != nil {
				return err
			}
			defer done()
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
	return c
}
