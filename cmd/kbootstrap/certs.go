package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/provision/checkup"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// prometheusOutput is the format of certs status for the textfile collector of node_exporter.
const prometheusOutput = "prometheus"

func certsCommand(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "certs", Short: "Show, renew and replace the keys of the cluster"})
	c.AddCommand(certsStatusCommand(a), certsRenewCommand(a), certsRotateCommand(a))
	return c
}

func certsStatusCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, formats: []string{wideOutput, prometheusOutput}}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show every certificate and key, when each ends and what renews it; nothing is changed",
		Long: `Show every certificate and key of the hosts and of the state directory, the worst first: those in files and in
kubeconfigs, the one that each kubelet keeps, those that servers show to who connects, and the one that an API
server has in its memory alone. Of keys only their age is shown. Nothing is changed and no lock is taken.

The text has what is not ok, and for each host what ends first; wide has all. With -o prometheus the
figures are for the textfile collector of node_exporter.

The exit code is 0 if all is well; 3 if something ends within 60 days or a server shows another certificate
than its file; 7 if something has ended or ends within 14 days; and 6 if a host could not be asked.`,
		Example: `  kbootstrap certs status -i hosts.yaml
  kbootstrap certs status -i hosts.yaml -o wide
  kbootstrap certs status -i hosts.yaml -o prometheus -q > /var/lib/node_exporter/kbootstrap.prom`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.CertsStatus())
			if err != nil {
				return err
			}
			defer done()
			entries := run.Keyring()
			result := report.NewCerts(entries, run.Warnings)
			flags.show(result, func() {
				if flags.output == prometheusOutput {
					err = result.WritePrometheus(a.stdout, run.Cluster.Name)
					return
				}
				fmt.Fprint(a.stdout, certsText(result, flags.output == wideOutput, time.Now()))
			})
			if err != nil {
				return err
			}
			return certsError(run, result)
		},
	}
	flags.bind(c)
	c.Flags().Lookup("output").Usage = "text; wide: all of them; prometheus: figures for node_exporter; " +
		"json: one document, see docs/events.md"
	return c
}

// certsError is the exit code of certs status: what is broken counts for more than what was not
// seen, and that for more than a warning.
func certsError(run *provision.Run, result report.Certs) error {
	worst, leftOut := result.Worst(), run.LeftOut()
	switch {
	case worst == checkup.Broken:
		return exitError{exitUnhealthy, nil}
	case len(leftOut) > 0:
		return exitError{exitPartial, leftOut}
	case worst == checkup.Warning:
		return exitError{exitChanges, nil}
	}
	return nil
}

// certsText is the table.
func certsText(result report.Certs, all bool, now time.Time) string {
	var b strings.Builder
	seen := map[string]bool{}
	shown := 0
	table(&b, func(w io.Writer) {
		fmt.Fprintln(w, "\tHOST\tNAME\tKIND\tENDS IN\tPLACE\tRENEWED BY\tPROBLEM")
		for _, c := range result.Certificates {
			first := !seen[c.Host] && c.Ends != nil
			seen[c.Host] = seen[c.Host] || first
			if !all && !first && checkup.Level(c.Level).Rank() <= checkup.Note.Rank() {
				continue
			}
			shown++
			host := c.Host
			if host == "" {
				host = "(here)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", marks[checkup.Level(c.Level)], host, orDash(c.Name),
				c.Kind,
				endsIn(c, now), c.Place, c.Renews, orDash(c.Problem))
		}
	})
	if left := len(result.Certificates) - shown; left > 0 {
		fmt.Fprintf(&b, "and %d more that are well: `kbootstrap certs status -o wide` shows them\n", left)
	}
	for _, warning := range result.Warnings {
		fmt.Fprintf(&b, "*   %s\n", warning)
	}
	return screen.Clean(b.String())
}

// endsIn is how long a certificate is good, or how old a key is.
func endsIn(c report.Cert, now time.Time) string {
	switch {
	case c.Ends != nil:
		return ageText(c.Ends.Sub(now))
	case c.Begins != nil:
		return "(" + ageText(now.Sub(c.Begins.Time)) + " old)"
	}
	return "-"
}

// ageText is a span of time in the largest unit that tells it.
func ageText(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + ageText(-d)
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}
