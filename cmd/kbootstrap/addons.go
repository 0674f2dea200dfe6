package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/host"
	"kbootstrap/provision"
	"kbootstrap/report"
	"kbootstrap/screen"
)

func addonsCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var wait bool
	c := &cobra.Command{
		Use:   "addons",
		Short: "Show what the cluster serves to its users, and how to reach it",
		Long: `Show the add-ons: which there are, which the inventory has on, the version, the health, and how users
come to each. "addons" of the inventory turns them on and off, and up does the rest. Nothing is changed.

An add-on is "starting" for at most two minutes after a change, since up does not wait for its pods; after
that one that is not ready is "broken". With --wait the answer comes when none is starting.

The exit code is 7 if an add-on that is on does not work, and 4 if no host answers.`,
		Example: `  kbootstrap addons -i hosts.yaml
  kbootstrap addons -i hosts.yaml --wait
  kbootstrap addons -i hosts.yaml -o json -q`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			scope := provision.Scope{Components: provision.AddOnNames()}
			run, done, err := flags.prepare(c.Context(), scope, provision.LookAtAddOns())
			if err != nil {
				return err
			}
			defer done()
			addons := report.NewAddOns(run.AddOns())
			if wait && addons.Starts() {
				if addons, err = awaitAddOns(c.Context(), run); err != nil {
					return err
				}
			}
			flags.show(addons, func() { fmt.Fprint(a.stdout, addonsText(addons)) })
			if addons.Sick() {
				return exitError{exitUnhealthy, nil} // the table says which
			}
			return nil
		},
	}
	flags.bind(c)
	flags.bindBundle(c)
	c.Flags().BoolVar(&wait, "wait", false, "wait until no add-on is starting any more")
	c.AddCommand(tokenCommand(a))
	return c
}

// awaitAddOns asks until no add-on is starting. Each of them is broken when it has started for too
// long, so this ends; a lost connection ends it before.
func awaitAddOns(ctx context.Context, run *provision.Run) (addons report.AddOns, err error) {
	err = host.Poll(ctx, leastInterval, func() (bool, error) {
		if err := run.LookAgain(ctx); err != nil {
			return false, err
		}
		addons = report.NewAddOns(run.AddOns())
		return !addons.Starts(), nil
	})
	return addons, err
}

// addonsText is a table of the add-ons, and what is wrong with them.
func addonsText(addons report.AddOns) string {
	var b strings.Builder
	table(&b, func(w io.Writer) {
		fmt.Fprintln(w, "ADD-ON\tSTATE\tVERSION\tWHAT\tHOW TO REACH IT")
		for _, each := range addons.AddOns {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", each.Name, each.State, orDash(each.Version), each.What,
				orDash(each.Reach))
		}
	})
	for _, each := range addons.AddOns {
		if each.Problem != "" {
			fmt.Fprintf(&b, "%s: %s\n", each.Name, each.Problem)
		}
		if each.State == "differs" || each.State == "left" {
			fmt.Fprintf(&b, "%s: up has something to do\n", each.Name)
		}
	}
	return screen.Clean(b.String())
}
