package main

import (
	"github.com/spf13/cobra"

	"kbootstrap/provision"
	"kbootstrap/report"
)

func upCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var ignore ignoreFlag
	c := &cobra.Command{
		Use:   "up",
		Short: "Make the cluster that the inventory describes",
		Long: `Make the cluster that the inventory describes, or make it so again: what is there already is left alone, and a second
run changes nothing. A run that was cut off is finished by the next one. The hosts are checked first, as preflight does it;
when a check fails, nothing is changed.`,
		Example: "  kbootstrap up -i hosts.yaml",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			checks, err := ignore.checks()
			if err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{Change: true, Preflight: checks})
			if err != nil {
				return err
			}
			defer done()
			summary, err := run.Apply(c.Context())
			if err != nil {
				return runError(err, summary.Outcome)
			}
			kubeconfig, err := run.WriteKubeconfig()
			if err != nil {
				return err
			}
			flags.show(report.Up{Kubeconfig: kubeconfig}, func() { a.printSummary(run, summary, kubeconfig) })
			return nil
		},
	}
	flags.bind(c)
	ignore.bind(c)
	return c
}
