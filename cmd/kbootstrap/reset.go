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
		all     bool
	)
	c := &cobra.Command{
		Use:   "reset",
		Short: "Remove the cluster, or some of its workers, with all data",
		Long: `Remove everything that the tool and Kubernetes made on the hosts, with all data, and put back what was
there before. iptables rules that do not belong to Kubernetes stay, and so does the SSH connection.

Only the cluster of the inventory is removed: hosts that name another one, or trust other authorities than
those of the state directory, are refused with exit code 9, and nothing is changed anywhere. A host on
which the tool never changed anything is left alone.

What was in a directory before the tool came stays: docker's volumes and images, a CNI file, an etcd. So do
the volumes that people have made with docker since. --delete-data removes that too. What goes and what
stays is listed with sizes before the question.

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
			if err := mustKnow(cluster, hosts); err != nil {
				return err
			}
			var scope provision.Scope
			if len(hosts) > 0 && !guard.IsWhole(cluster, hosts) {
				scope.Hosts = slices.Compact(slices.Sorted(slices.Values(hosts)))
			}
			if dryRun {
				return planReset(c.Context(), a, flags, scope, all)
			}
			what := removes(cluster.Name, cmp.Or(len(scope.Hosts), len(cluster.Hosts)))
			person, err := a.mayConfirm(cluster.Name, confirm, what)
			if err != nil {
				return err
			}
			var shown report.Reset
			run, done, err := flags.prepare(c.Context(), scope, provision.Reset(func(run *provision.Run) error {
				shown = report.NewReset(run)
				if run.RemovesNothing() {
					person = nil // there is nothing to ask about
				}
				return a.consent(c.Context(), person, cluster.Name, what, resetText(shown))
			}, all))
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
			flags.show(shown, func() {
				if run.RemovesNothing() {
					const text = "%s: no host had anything of this cluster but the tool itself, which is gone again\n"
					fmt.Fprintf(a.stdout, text, cluster.Name)
					return
				}
				alone := run.LeftAlone()
				for _, name := range summary.Outcome.Finished {
					if slices.Contains(alone, name) {
						continue
					}
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
	c.Flags().BoolVar(&all, "delete-data", false,
		"remove what was in the directories before the tool came too, and docker's volumes")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show what reset would do; nothing is changed")
	return c
}

// planReset shows what a reset would do.
func planReset(ctx context.Context, a *app, flags *clusterFlags, scope provision.Scope, all bool) error {
	run, done, err := flags.prepare(ctx, scope, provision.PlanReset(all))
	if err != nil {
		return err
	}
	defer done()
	reset := report.NewReset(run)
	flags.show(reset, func() {
		if len(reset.Refused) == 0 {
			fmt.Fprint(a.stdout, resetText(reset))
		}
		fmt.Fprint(a.stdout, planText(reset.Plan))
	})
	if len(reset.Refused) > 0 {
		return exitError{exitRefused,
			fault.PlanRefused.Errorf("reset would refuse this because of the lines marked with !")}
	}
	return run.LeftOut().ErrOrNil()
}

// mayConfirm returns the person to ask for the cluster's name, because what follows cannot be
// undone, or nil if the flag gave it. Without a terminal the flag must give the name. The question
// comes later, but a script that lacks the flag learns of it before a host is contacted.
func (a *app) mayConfirm(name, given, what string) (*terminal, error) {
	if given != "" && given != name {
		return nil, cli.UsageError{Err: fmt.Errorf("not confirmed: the cluster's name is %s, not %s", name, given)}
	}
	if given != "" {
		return nil, nil
	}
	person, ok := a.asker(nil).(*terminal)
	if !ok {
		return nil, cli.UsageError{Err: fmt.Errorf("%s: give --confirm %s", what, name)}
	}
	return person, nil
}

// removes says what a reset and a removal do, for the question and for scripts.
func removes(name string, hosts int) string {
	return fmt.Sprintf("this removes %s from %s with all data", name, hostCount(hosts))
}

// confirm says what follows, and asks for the cluster's name.
func (t *terminal) confirm(ctx context.Context, name, what string) error {
	given, err := t.Line(ctx, what+", as listed above\ntype the cluster's name to go on: ")
	switch {
	case err != nil && ctx.Err() != nil:
		return err // interrupted, which has a code of its own
	case err != nil || given == "":
		return cli.UsageError{Err: errors.New("not confirmed")}
	case given != name:
		return cli.UsageError{Err: fmt.Errorf("not confirmed: the cluster's name is %s, not %s", name, given)}
	}
	return nil
}
