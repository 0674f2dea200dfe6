package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/report"
)

func driftCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var limits scopeFlags
	c := &cobra.Command{
		Use:   "drift",
		Short: "Show which hosts differ from the inventory; nothing is changed",
		Long: `Compare every file, unit and setting of the hosts with what the inventory says, and the processes of
services with what they should have been started with. What others set that changes a service, such as
a drop-in of systemd with another ExecStart, is marked with !. Nothing is changed and no lock is taken, so drift
may run while other commands do, for instance from cron.

The exit code is 0 if nothing differs, 3 if something differs, 6 if some hosts could not be compared,
and 4 if no host could be compared.`,
		Example: `  kbootstrap drift -i hosts.yaml
  kbootstrap drift -i hosts.yaml -o json -q`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			scope, err := limits.scope()
			if err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), scope, provision.Drift())
			if err != nil {
				return err
			}
			defer done()
			drift := report.NewDrift(run)
			flags.show(drift, func() { fmt.Fprint(a.stdout, driftText(drift)) })
			return driftError(drift, run.LeftOut())
		},
	}
	flags.bind(c)
	flags.bindBundle(c)
	limits.bind(c)
	return c
}

// driftError is the exit code of a comparison: a host that was not compared counts for more than a
// host that differs, because the comparison is then incomplete.
func driftError(drift report.Drift, leftOut plan.Failures) error {
	switch {
	case len(leftOut) > 0:
		return exitError{exitPartial, leftOut}
	case drift.Differs:
		return exitError{exitChanges, nil}
	}
	return nil
}
