package main

import (
	"github.com/spf13/cobra"

	"kbootstrap/provision"
	"kbootstrap/report"
)

func planCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var detailed bool
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what up would do, with the difference of each file; nothing is changed",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			run, done, err := flags.prepare(c.Context(), provision.Scope{})
			if err != nil {
				return err
			}
			defer done()
			flags.show(report.NewPlan(run.Plan), func() { a.printPlan(run.Plan) })
			if detailed && run.Plan.Changes() > 0 {
				return exitError{exitChanges, nil}
			}
			return nil
		},
	}
	flags.bind(c)
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 3 when there is something to do")
	return c
}
