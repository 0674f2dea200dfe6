package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/provision/guard"
	"kbootstrap/report"
)

func resetCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		hosts   []string
		confirm string
		dryRun  bool
	)
	c := &cobra.Command{
		Use:   "reset",
		Short: "Remove the cluster, or some of its workers, with all data",
		Long: `Remove everything that the tool and Kubernetes made on the hosts, with all data, and put back what was
there before. iptables rules that do not belong to Kubernetes stay, and so does the SSH connection.

If a host cannot be reached, the other hosts are reset all the same; run the same command again when the
host is back. With --dry-run, reset shows what it would do and changes nothing.`,
		Example: `  kbootstrap reset -i hosts.yaml --confirm demo
  kbootstrap reset -i hosts.yaml --host w2 --confirm demo
  kbootstrap reset -i hosts.yaml --dry-run`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			for _, name := range hosts {
				if _, ok := cluster.Host(name); !ok {
					return cli.UsageError{Err: unknownHost{name, cluster}}
				}
			}
			var scope provision.Scope
			if len(hosts) > 0 && !guard.IsWhole(cluster, hosts) {
				scope.Hosts = slices.Compact(slices.Sorted(slices.Values(hosts)))
			}
			if dryRun {
				return planReset(c.Context(), a, flags, scope)
			}
			run, done, err := flags.prepare(c.Context(), scope, provision.Reset(func(*provision.Run) error {
				return a.confirm(c.Context(), cluster.Name, confirm, cmp.Or(len(scope.Hosts), len(cluster.Hosts)))
			}))
			if err != nil {
				return err
			}
			defer done()
			summary, err := run.Apply(c.Context())
			if exitCode(err) == exitFailure {
				return runError(err, summary.Outcome) // hosts that could not be reached have a code of their own
			}
			if err != nil {
				return err
			}
			flags.show(nil, func() {
				for _, name := range summary.Outcome.Finished {
					fmt.Fprintf(a.stdout, "%s: reset, %d changed\n", name, summary.Changed[name])
				}
				fmt.Fprintf(a.stdout, "%s: reset in %s; `kbootstrap up` makes the cluster again\n",
					cluster.Name, seconds(summary.Took))
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	c.Flags().StringSliceVar(&hosts, "host", nil, "reset only this host (may be repeated)")
	c.Flags().StringVar(&confirm, "confirm", "", "the cluster's name, instead of typing it when asked")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show what reset would do; nothing is changed")
	return c
}

// planReset shows what a reset would do.
func planReset(ctx context.Context, a *app, flags *clusterFlags, scope provision.Scope) error {
	run, done, err := flags.prepare(ctx, scope, provision.PlanReset())
	if err != nil {
		return err
	}
	defer done()
	plan := report.NewPlan(run)
	flags.show(plan, func() { fmt.Fprint(a.stdout, planText(plan)) })
	if len(plan.Refused) > 0 {
		return exitError{exitRefused,
			fault.PlanRefused.Errorf("reset would refuse this because of the lines marked with !")}
	}
	return run.LeftOut().ErrOrNil()
}

// confirm asks for the cluster's name, because what follows cannot be undone. Without a terminal
// the flag must give the name.
func (a *app) confirm(ctx context.Context, name, given string, hosts int) error {
	if given == "" {
		person, ok := a.asker(nil).(*terminal)
		if !ok {
			const format = "this removes %s from %d hosts with all data: give --confirm %s"
			return cli.UsageError{Err: fmt.Errorf(format, name, hosts, name)}
		}
		var err error
		const question = "this removes %s from %d hosts with all data\ntype the cluster's name to go on: "
		given, err = person.Line(ctx, fmt.Sprintf(question, name, hosts))
		if err != nil && ctx.Err() != nil {
			return err // interrupted, which has a code of its own
		}
		if err != nil || given == "" {
			return cli.UsageError{Err: errors.New("not confirmed")}
		}
	}
	if given != name {
		return cli.UsageError{Err: fmt.Errorf("not confirmed: the cluster's name is %s, not %s", name, given)}
	}
	return nil
}
