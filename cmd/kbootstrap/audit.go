package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/audit"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// junitOutput is the format of audit for build servers.
const junitOutput = "junit"

func auditCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, formats: []string{wideOutput, junitOutput}}
	var profile, bench string
	c := &cobra.Command{
		Use:   "audit",
		Short: "Judge the cluster by the CIS Kubernetes Benchmark; nothing is changed",
		Long: `Judge the cluster by the checks of the CIS Kubernetes Benchmark and by some of the tool's own. The evidence
comes from the hosts and from the API: the flags of the processes that run, modes and owners of files, the
configuration that kubelets run with, certificates, objects. Nothing is changed and no lock is taken.

A check comes to "fail", to "unknown" if its evidence could not be had, to "manual" if a person has to look,
to "not-asked" if the profile does not ask for it, to "pass", or to "n/a". docs/cis.md lists the checks.

--kube-bench DIR asks no host: it writes a configuration with which kube-bench finds the files of such a
cluster, whose programs are services of systemd.

The exit code is 0 if no check fails, 7 if one does, 6 if none fails and some could not look, and 4 if no
host could be asked.`,
		Example: `  kbootstrap audit -i hosts.yaml
  kbootstrap audit -i hosts.yaml --profile cis -o wide
  kbootstrap audit -i hosts.yaml -o junit -q
  kbootstrap audit -i hosts.yaml --kube-bench ./kube-bench`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if bench != "" {
				return a.writeKubeBench(flags, bench)
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Audit())
			if err != nil {
				return err
			}
			defer done()
			by := cmp.Or(profile, run.Cluster.Security.Profile)
			result := report.NewAudit(by, run.Audit(by))
			err = nil
			flags.show(result, func() {
				if flags.output == junitOutput {
					err = result.WriteJUnit(a.stdout, run.Cluster.Name)
					return
				}
				o := screen.Detect(a.stdout, os.Getenv)
				o.Colour = o.Colour && !flags.noColor
				fmt.Fprint(a.stdout, auditText(run.Cluster.Name, result, o, flags.output == wideOutput))
			})
			return cmp.Or(err, auditError(result))
		},
	}
	flags.bind(c)
	c.Flags().Lookup("output").Usage = "text; wide: all checks with all evidence; junit: XML for build servers; " +
		"json: one document, see docs/events.md"
	c.Flags().Var(&choice{&profile, []string{inventory.ProfileDefault, inventory.ProfileCIS}}, "profile",
		"what to judge by; the default is security.profile of the inventory")
	c.Flags().StringVar(&bench, "kube-bench", "", "write a configuration for kube-bench to this directory")
	return c
}

// writeKubeBench writes the configuration for kube-bench.
func (a *app) writeKubeBench(flags *clusterFlags, dir string) error {
	cluster, err := flags.load()
	if err != nil {
		return err
	}
	files, err := audit.KubeBench(cluster)
	if err != nil {
		return err
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // nothing in it is secret
			return err
		}
		if err := atomic.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			return err
		}
		paths = append(paths, path)
	}
	flags.show(map[string][]string{"files": paths}, func() {
		for _, path := range paths {
			fmt.Fprintln(a.stdout, path)
		}
	})
	return nil
}

// auditError is the error of an audit: a check that fails counts for more than one that could not
// look.
func auditError(result report.Audit) error {
	failed, unknown := result.Count[string(audit.Fail)], result.Count[string(audit.Unknown)]
	switch {
	case failed > 0:
		return exitError{exitUnhealthy, fault.AuditFailed.Wrap(errors.New("audit: " + fails(failed, "fails", "fail")))}
	case unknown > 0:
		return exitError{exitPartial, fault.AuditIncomplete.Wrap(
			errors.New("audit: " + fails(unknown, "could not look", "could not look")))}
	}
	return nil
}

func fails(n int, one, many string) string {
	if n == 1 {
		return "1 check " + one
	}
	return fmt.Sprintf("%d checks %s", n, many)
}
