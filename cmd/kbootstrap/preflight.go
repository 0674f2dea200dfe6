package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/screen"
)

// preflightCommand checks the hosts and changes nothing.
func preflightCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var ignore ignoreFlag
	c := &cobra.Command{
		Use:   "preflight",
		Short: "Check whether the hosts can become what the inventory describes; nothing is changed",
		Long: `Check whether the hosts can become what the inventory describes. Every check has a name; up and add-node
make the same checks first, and change nothing if a check fails. For a moment each host listens on the
ports that the other hosts need, and all hosts dial each other. docs/preflight.md lists the checks.`,
		Example: `  kbootstrap preflight -i hosts.yaml
  kbootstrap preflight -i hosts.yaml -o json | jq '.result.findings[] | select(.level == "fail")'
  kbootstrap preflight -i hosts.yaml --ignore-preflight=NumCPU,Mem`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Preflight(ignored))
			if err != nil {
				return err
			}
			defer done()
			ok := len(run.Unreached) == 0 && len(preflight.Failed(run.Findings)) == 0
			result := preflightResult{OK: ok, Findings: run.Findings}
			flags.show(result, func() { printFindings(a.stdout, run.Findings) })
			return preflightError(run)
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	ignore.bind(c)
	return c
}

// ignoreFlag is the flag of every command that checks hosts before it changes them.
type ignoreFlag struct{ ids []string }

// bind adds the flag to a command.
func (f *ignoreFlag) bind(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.ids, "ignore-preflight", nil,
		"checks that only warn when they fail, such as NumCPU,Port-10250; or all")
}

// checks are the IDs of the checks that the flag names, which there are.
func (f *ignoreFlag) checks() ([]string, error) {
	if err := preflight.Known(f.ids); err != nil {
		return nil, cli.UsageError{Err: err}
	}
	return f.ids, nil
}

// preflightResult is the result in the document of preflight.
type preflightResult struct {
	OK       bool                `json:"ok"` // nothing failed, and every host was reached
	Findings []preflight.Finding `json:"findings"`
}

// preflightError is the error of the verb: that a check failed, or else that a host could not be
// reached. The table has shown the single failures already.
func preflightError(run *provision.Run) error {
	var unreached plan.Failures
	for _, h := range run.Cluster.Hosts {
		var f plan.Failure
		if errors.As(run.Unreached[h.Name], &f) {
			unreached = append(unreached, f)
		}
	}
	switch {
	case len(preflight.Failed(run.Findings)) > 0:
		failed := preflight.Summary(run.Findings)
		if unreached != nil { // in words only: the exit code is that of the checks
			failed += "; not all hosts could be asked:\n" + unreached.Error()
		}
		return exitError{exitPreflight, fault.PreflightFailed.Wrap(errors.New(failed))}
	case unreached != nil:
		return unreached
	}
	return nil
}

// printFindings prints a line for each finding, once for several hosts with the same, and below the
// table what to do.
func printFindings(w io.Writer, findings []preflight.Finding) {
	merged := preflight.Merged(findings)
	total := map[string]bool{}
	for _, f := range findings {
		for _, h := range f.Hosts {
			total[h] = true
		}
	}
	table(w, func(w io.Writer) {
		fmt.Fprintln(w, "CHECK\tRESULT\tHOSTS\tFOUND")
		for _, f := range merged {
			result, hosts := string(f.Level), strings.Join(f.Hosts, ", ")
			if f.Ignored {
				result += " (ignored)"
			}
			if len(f.Hosts) > 3 && len(f.Hosts) == len(total) {
				hosts = fmt.Sprintf("all %d", len(f.Hosts))
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.ID, result, hosts, cell(f.Evidence))
		}
	})
	told := map[string]bool{}
	for _, f := range merged {
		if f.Level != preflight.OK && !told[f.ID+f.Hint] {
			if len(told) == 0 {
				fmt.Fprintln(w)
			}
			told[f.ID+f.Hint] = true
			fmt.Fprintf(w, "%s [%s]: %s\n", f.ID, f.Code, screen.Clean(f.Hint))
		}
	}
}
