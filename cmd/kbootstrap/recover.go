package main

import (
	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
)

func recoverCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		ignore  ignoreFlag
		confirm string
	)
	c := &cobra.Command{
		Use:   "recover",
		Short: "Make a cluster out of one member of etcd, when the quorum is lost for good",
		Long: `Make a cluster out of one member of etcd, when so many members are lost for good that the rest is no majority.

This is the last way: what only the lost members had is lost. If members can be started again that are a
majority with their data, etcd heals by itself, and recover is refused (KB6072).

The survivor whose log has most is taken. All API servers and members are stopped; a copy of the survivor's data
is opened, and what it holds is restored as a cluster of one member, with a higher revision. Nothing is deleted:
each directory of before stays, as /var/lib/etcd/member.lost-TIME. Then recover does as up does: the API comes
back, and all hosts that can be reached join again. Hosts that cannot be reached must stay off; remove them from
the inventory, or replace them.`,
		Example: `  kbootstrap recover -i hosts.yaml
  kbootstrap recover -i hosts.yaml --confirm demo`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			what := "this makes the cluster " + cluster.Name + " out of what one member of etcd has"
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			options, stop := flags.options(c.Context())
			defer stop()
			lost := 0 // hosts that could not be reached
			salvage := provision.Recover(func(run *provision.Run) error {
				return a.consent(c.Context(), person, cluster.Name, what, run.RecoveryFigures())
			})
			err = flags.half(c.Context(), cluster, provision.Scope{}, options, salvage,
				func(run *provision.Run, _ provision.Summary) { lost = len(run.Unreached) })
			if err != nil {
				return err
			}
			scope := provision.Scope{Tolerance: provision.Tolerance{Hosts: lost}}
			return flags.half(c.Context(), cluster, scope, options, provision.Rejoin(ignored), flags.showSummary)
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	return c
}
