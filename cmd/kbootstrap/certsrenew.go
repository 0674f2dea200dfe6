package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/certs"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/provision/checkup"
	"kbootstrap/report"
)

func certsRenewCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		renewal certs.Renewal
		ignore  ignoreFlag
	)
	c := &cobra.Command{
		Use:   "renew [NAME...]",
		Short: "Issue certificates again, also when all have ended and the API is dead",
		Long: `Issue certificates again, and bring them to the hosts as up does; what else differs on the hosts is put right
too. Without a name, those are renewed that are in the last third of their life or have ended, as by each up.
With a name, such as apiserver, that certificate is renewed on all hosts; with --all, every one. "certs
status" has the names.

An authority that has ended, or does within a year, is signed again with its own key: all that it has signed
stays valid, and no host stops trusting another. It can be named too: kubernetes, etcd, front-proxy.

This needs SSH and the state directory, and neither the API nor etcd. When no member of etcd answers,
they are all started again at once.`,
		Example: `  kbootstrap certs renew -i hosts.yaml
  kbootstrap certs renew apiserver etcd-peer -i hosts.yaml
  kbootstrap certs renew --all -i hosts.yaml`,
		Args: cli.Args(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, names []string) error {
			renewal.Names = names
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Renew(renewal, ignored))
			if err != nil {
				return err
			}
			defer done()
			return a.applyKeys(c, flags, run)
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	c.Flags().BoolVar(&renewal.All, "all", false, "renew every certificate that is no authority's")
	return c
}

// applyKeys carries out a run that changes keys, and looks afterwards at what servers show.
func (a *app) applyKeys(c *cobra.Command, flags *clusterFlags, run *provision.Run) error {
	issued := run.Issued
	summary, err := flags.carryOut(c.Context(), run)
	if err != nil {
		return err
	}
	kubeconfig, err := run.WriteKubeconfig()
	if err != nil {
		return err
	}
	if err := provision.LookAtKeys(c.Context(), run); err != nil {
		return err
	}
	result := report.NewCerts(run.Keyring(), nil)
	result.Issued = issued
	flags.show(result, func() {
		if len(issued) > 0 {
			fmt.Fprintf(a.stdout, "issued: %s\n", strings.Join(issued, ", "))
		}
		a.printSummary(run, summary, kubeconfig)
		if worst := result.Worst(); worst.Rank() >= checkup.Warning.Rank() {
			fmt.Fprint(a.stdout, "\n"+certsText(result, false, time.Now()))
		}
	})
	return nil
}
