package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/screen"
)

func statusCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the health of every host, component and certificate",
		Args:  cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Look())
			if err != nil {
				return err
			}
			defer done()
			status := run.Status(c.Context())
			flags.show(status, func() { a.printStatus(status, time.Now()) })
			if !status.Healthy {
				return exitError{exitUnhealthy, errors.New("the cluster is not healthy")}
			}
			return nil
		},
	}
	flags.bind(c)
	return c
}

// printStatus prints what up refuses, a line for each component with its problem, and the
// certificate of each host that expires first.
func (a *app) printStatus(status provision.Status, now time.Time) {
	for _, refused := range status.Refused {
		fmt.Fprintf(a.stdout, "! %s\n", cli.Indented(refused))
	}
	for _, warning := range status.Warnings {
		fmt.Fprintf(a.stdout, "* %s\n", screen.Clean(warning))
	}
	table(a.stdout, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tADDRESS\tCOMPONENT\tHEALTH\tPROBLEM")
		for _, h := range status.Hosts {
			if h.Error != "" {
				health := "unreachable"
				if h.Reached {
					health = "error"
				}
				fmt.Fprintf(w, "%s\t%s\t-\t%s\t%s\n", h.Name, h.Address, health, cell(h.Error))
			}
			for _, c := range h.Components {
				health := "healthy"
				if !c.Healthy {
					health = "unhealthy"
				} else if c.Changed {
					health = "differs"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", h.Name, h.Address, c.Name, health, cell(c.Problem))
			}
		}
	})
	fmt.Fprintln(a.stdout)
	table(a.stdout, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tCERTIFICATES\tFIRST TO EXPIRE\tIN")
		for _, h := range status.Hosts {
			if len(h.Certificates) == 0 {
				continue
			}
			first := slices.MinFunc(h.Certificates,
				func(x, y provision.Certificate) int { return x.Expires.Compare(y.Expires) })
			days := int(first.Expires.Sub(now).Hours() / 24)
			fmt.Fprintf(w, "%s\t%d\t%s\t%d days\n", h.Name, len(h.Certificates), cell(first.Path), days)
		}
	})
}
