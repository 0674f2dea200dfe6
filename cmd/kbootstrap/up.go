package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func upCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		limits scopeFlags
		ignore ignoreFlag
	)
	c := &cobra.Command{
		Use:   "up [PLAN]",
		Short: "Make the cluster that the inventory describes",
		Long: `Make the cluster that the inventory describes, or bring an existing cluster back to it. up leaves alone
everything that is as it should be, so a second run changes nothing. A run that was cut off is finished
by the next run. The hosts are checked first, as preflight does it; if a check fails, nothing is
changed.

With the file of a plan that "plan -o" has saved, up does exactly what the plan says. If a host, the
inventory or anything else that the plan was made from has changed since, up names each difference and
changes nothing (exit code 9). The plan says which inventory it is for.

A host that cannot be reached ends the run before anything is changed. With --max-failures the run
continues without up to that many hosts; it then ends with exit code 6 and says which hosts are
finished, which failed and which were skipped.`,
		Example: `  kbootstrap up -i hosts.yaml
  kbootstrap up demo.plan
  kbootstrap up -i hosts.yaml --limit w1,w2
  kbootstrap up -i hosts.yaml --max-failures 10%`,
		Args: cli.Args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			scope, err := limits.scope()
			if err != nil {
				return err
			}
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			var (
				saved   *report.SavedPlan
				approve func(*provision.Run) error
			)
			if len(args) > 0 {
				if saved, err = loadPlan(c, flags, args[0], &scope); err != nil {
					return err
				}
				approve = asSaved(saved, args[0])
			}
			run, done, err := flags.prepare(c.Context(), scope, provision.Up(approve, ignored))
			if err != nil {
				return err
			}
			defer done()
			summary, err := run.Apply(c.Context())
			if err != nil && len(summary.Outcome.Finished) > 0 {
				_, unwritten := run.WriteKubeconfig() // there may be a cluster
				err = errors.Join(err, unwritten)
			}
			if err != nil {
				return a.partly(flags, summary, runError(err, summary.Outcome))
			}
			kubeconfig, err := run.WriteKubeconfig()
			if err != nil {
				return err
			}
			flags.show(report.Up{Kubeconfig: kubeconfig}, func() {
				if saved != nil && summary.Total() == 0 {
					fmt.Fprintf(a.stdout, "%s: nothing to do: this plan has been applied\n", run.Cluster.Name)
					return
				}
				a.printSummary(run, summary, kubeconfig)
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	limits.bind(c)
	limits.bindAddOns(c)
	limits.bindFailures(c)
	return c
}

// loadPlan reads a plan, and makes the scope that which the plan is for.
func loadPlan(c *cobra.Command, flags *clusterFlags, file string, scope *provision.Scope) (*report.SavedPlan, error) {
	if len(scope.Hosts) > 0 || len(scope.Components) > 0 {
		return nil, cli.UsageError{Err: errors.New("a plan has its own limits: leave out --limit and --only")}
	}
	saved, err := report.ReadPlan(file, version)
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	if !c.Flags().Changed("inventory") {
		flags.inventory = saved.Inventory
	} else if err := saved.Is(flags.inventory); err != nil {
		return nil, cli.UsageError{Err: err}
	}
	scope.Hosts, scope.Components = saved.Limit, saved.Only
	return &saved, nil
}

// asSaved approves of a run that does what a plan in a file says, and nothing else.
func asSaved(saved *report.SavedPlan, file string) func(*provision.Run) error {
	return func(run *provision.Run) error {
		if err := saved.Check(run, file); err != nil {
			return exitError{exitRefused, err}
		}
		return nil
	}
}

// partly says how a run went for each host that has failures on some, before those are told.
func (a *app) partly(flags *clusterFlags, summary provision.Summary, err error) error {
	o := summary.Outcome
	if len(o.Failed) == 0 {
		return err
	}
	a.shown.run.Skip(o.Skipped...)
	flags.show(nil, func() {
		fmt.Fprintf(a.stdout, "%d of %d hosts are finished\n",
			len(o.Finished), len(o.Finished)+len(o.Failed)+len(o.Skipped))
		for _, group := range []struct {
			what  string
			hosts []string
		}{{"finished", o.Finished}, {"failed", o.Failed}, {"skipped", o.Skipped}} {
			if len(group.hosts) > 0 {
				fmt.Fprintf(a.stdout, "  %-8s  %s\n", group.what, strings.Join(group.hosts, ", "))
			}
		}
	})
	return err
}
