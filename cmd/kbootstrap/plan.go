package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func planCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, paths: true}
	var (
		limits   scopeFlags
		detailed bool
		show     string
	)
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what up would do, with the difference of each file; nothing is changed",
		Long: `Show what up would do, with the difference of each file, unit and setting; nothing is changed.

With -o FILE the plan is saved, to be approved: "up FILE" then does this and nothing else, and refuses
if a host, the inventory or anything else that the plan was made from has changed since. The file has no
secrets, and only its owner can read it. To save a plan in a file called json or text, write ./json.

Differences that would harm an existing cluster are marked with ! above the plan. up refuses to make
them, and plan exits with code 9. What others set on hosts and that changes a service is marked so too;
up ends with it before it changes anything.`,
		Example: `  kbootstrap plan -i hosts.yaml
  kbootstrap plan -i hosts.yaml -o demo.plan
  kbootstrap plan --show demo.plan`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if show != "" {
				return showPlan(a, flags, show)
			}
			scope, err := limits.scope()
			if err != nil {
				return err
			}
			file := flags.file()
			stages := provision.Plan()
			if file != "" {
				stages = provision.PlanToSave()
			}
			run, done, err := flags.prepare(c.Context(), scope, stages)
			if err != nil {
				return err
			}
			defer done()
			plan := report.NewPlan(run)
			flags.show(plan, func() { fmt.Fprint(a.stdout, planText(plan)) })
			if err := refusedPlan(plan); err != nil {
				return err
			}
			if file != "" {
				if err := savePlan(a, run, file); err != nil {
					return err
				}
			}
			if detailed && run.Plan.Changes()+len(plan.Foreign) > 0 {
				return exitError{exitChanges, nil}
			}
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	limits.bind(c)
	limits.bindAddOns(c)
	limits.bindFailures(c)
	c.Flags().Lookup("output").Usage = "text; json: one document, see docs/events.md; or a file to save the plan in"
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 3 when there is something to do")
	c.Flags().StringVar(&show, "show", "", "show the plan that is saved in this file; no host is asked")
	return c
}

// refusedPlan is the error of a plan that up would not carry out.
func refusedPlan(plan report.Plan) error {
	if len(plan.Refused) == 0 {
		return nil
	}
	return exitError{exitRefused,
		fault.PlanRefused.Errorf("up would refuse this plan because of the lines marked with !")}
}

// savePlan writes the plan to a file and says what to do with it.
func savePlan(a *app, run *provision.Run, file string) error {
	saved, err := report.NewSavedPlan(run, version, time.Now())
	if err != nil {
		return err
	}
	if err := saved.Save(file); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nsaved in %s; to carry it out:\n  kbootstrap up %s\n", file, file)
	return nil
}

// showPlan shows a plan that was saved.
func showPlan(a *app, flags *clusterFlags, file string) error {
	if flags.file() != "" {
		return cli.UsageError{Err: errors.New("--show does not save: leave out -o, or say -o json")}
	}
	saved, err := report.ReadPlan(file, version)
	if err != nil {
		return cli.UsageError{Err: err}
	}
	flags.show(saved, func() { fmt.Fprint(a.stdout, savedText(saved)) })
	return nil
}
