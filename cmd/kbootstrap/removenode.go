package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func removeNodeCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		leave   provision.Leave
		confirm string
	)
	c := &cobra.Command{
		Use:   "remove-node HOST...",
		Short: "Take hosts out of a cluster that stays",
		Long: `Take workers, control planes and members of etcd out of a cluster that stays, and make the hosts what they
were before.

The pods of each host are evicted first, as far as their PodDisruptionBudgets allow. Then the other hosts look
for the API elsewhere, the API server ends, etcd loses its member, and the host is reset as reset does it.
What would leave etcd without a healthy majority is refused with exit code 9, and nothing is changed. A run
that was cut off is finished by the next.

The hosts stay in the inventory, for you to remove: as long as they are there, up adds them again.

A host that does not answer is removed with --dead: without being emptied and without being reset. If it
comes back it still runs its pods and has its keys, so switch it off first.`,
		Example: `  kbootstrap remove-node w2 -i hosts.yaml
  kbootstrap remove-node m2 m3 -i hosts.yaml --confirm demo
  kbootstrap remove-node m3 -i hosts.yaml --dead`,
		Args: cli.Args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			if err := mustKnow(cluster, names); err != nil {
				return err
			}
			leave.Hosts = slices.Compact(slices.Sorted(slices.Values(names)))
			what := removes(cluster.Name, len(leave.Hosts))
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			var shown report.Reset
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.RemoveNode(leave,
				func(run *provision.Run) error {
					shown = report.NewReset(run)
					return a.consent(c.Context(), person, cluster.Name, what, resetText(shown)+run.RemovalFigures())
				}))
			if err != nil {
				return err
			}
			defer done()
			summary, err := flags.carryOut(c.Context(), run)
			if err != nil {
				return err
			}
			flags.show(shown, func() {
				list := strings.Join(leave.Hosts, ", ")
				fmt.Fprintf(a.stdout, "%s: removed %s in %s\n", cluster.Name, list, seconds(summary.Took))
				fmt.Fprintf(a.stdout, "remove %s from %s now, then run `kbootstrap up`: with these lines "+
					"up adds the hosts again\n", list, cluster.File)
				if leave.Dead {
					fmt.Fprintf(a.stdout, "%s may still run pods, and has keys of the cluster: keep it "+
						"switched off, or reinstall it\n", list)
				}
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	c.Flags().BoolVar(&leave.Dead, "dead", false, "the hosts do not answer, and are removed without being asked")
	c.Flags().DurationVar(&leave.Drain, "timeout", 15*time.Minute, "how long the pods of a host may take to leave")
	return c
}
