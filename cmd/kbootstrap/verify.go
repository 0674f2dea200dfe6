package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/provision/verify"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// verifyCommand tries a live cluster.
func verifyCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, formats: []string{wideOutput, junitOutput}}
	var only []string
	var quick bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Try the cluster with pods: names, networks, Services, rollouts, volumes",
		Long: `Try a live cluster, after "up" and after each upgrade: nodes, names on each host, pods to pods of other hosts,
Services and NodePorts through each host, the guestbook, a rolling update during which no request fails, and more.
What the checks need is made in a namespace of their own, which is removed whatever happens. For some seconds one
node has a taint, which keeps new pods of others away.

Hosts get one image for it, which "up" does not send. Each check has a name, which --only takes. A check that
fails shows what hosts and pods say, and the likely cause. docs/verify.md lists the checks.

The exit code is 0 if no check fails, 7 if one does, 6 if none fails and some could not be tried, and 4 if no
host could be asked.`,
		Example: `  kbootstrap verify -i hosts.yaml
  kbootstrap verify -i hosts.yaml --quick
  kbootstrap verify -i hosts.yaml --only pods,services -o wide
  kbootstrap verify -i hosts.yaml -o junit -q`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			selected, err := verify.Select(only, quick)
			if err != nil {
				return cli.UsageError{Err: err}
			}
			begin := time.Now()
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Verify())
			if err != nil {
				return err
			}
			defer done()
			outcomes, err := run.Verify(c.Context(), selected)
			if outcomes == nil {
				return err
			}
			result := report.NewVerify(outcomes, time.Since(begin))
			var shown error
			flags.show(result, func() {
				if flags.output == junitOutput {
					shown = result.WriteJUnit(a.stdout, run.Cluster.Name)
					return
				}
				o := screen.Detect(a.stdout, os.Getenv)
				o.Colour = o.Colour && !flags.noColor
				fmt.Fprint(a.stdout, verifyText(run.Cluster.Name, result, o, flags.output == wideOutput))
			})
			return cmp.Or(shown, verifyError(result, err))
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	flags.bindRecord(c)
	c.Flags().Lookup("output").Usage = "text; wide: with what hosts and pods show of each failure; junit: XML for " +
		"build servers; json: one document, see docs/events.md"
	c.Flags().StringSliceVar(&only, "only", nil, "make these checks only, by name")
	c.Flags().BoolVar(&quick, "quick", false, "make only the checks that take seconds")
	return c
}

// verifyError is the error of a verification that ended with an error, or with nil. That the run
// was stopped counts most, and a check that fails for more than one that could not be tried.
func verifyError(result report.Verify, ended error) error {
	failed, unknown := result.Count[string(verify.Fail)], result.Count[string(verify.Unknown)]
	switch {
	case errors.Is(ended, context.Canceled):
		return ended
	case failed > 0:
		found := fault.VerifyFailed.Wrap(errors.New("verify: " + fails(failed, "fails", "fail")))
		return exitError{exitUnhealthy, errors.Join(found, ended)}
	case ended != nil:
		return ended
	case unknown > 0:
		return exitError{exitPartial, fault.VerifyIncomplete.Wrap(
			errors.New("verify: " + fails(unknown, "could not be tried", "could not be tried")))}
	}
	return nil
}
