package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/bundle"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func supportBundleCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, paths: true}
	c := &cobra.Command{
		Use:   "support-bundle",
		Short: "Collect in one file what a helper needs to see, without secrets",
		Long: `Collect in one file what a helper needs to see: the inventory, the versions, the logs of the last runs,
the health of the cluster and the plan. For each host that can be reached, the file has its facts, the
states of its units, their journals, and the files that the tool makes there.

Secrets are left out: private keys, tokens and passwords are replaced by "[redacted]", secret files by a
digest. The names and addresses of hosts stay. Look into the archive before you give it away. No host is
changed.`,
		Example: `  kbootstrap support-bundle -i hosts.yaml
  kbootstrap support-bundle -i hosts.yaml -o demo.tar.gz && tar tzf demo.tar.gz`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			now := time.Now()
			b := &bundle.Bundle{}
			b.Inventory(cluster)
			if dir, err := report.LogDir(cluster.Name); err == nil {
				b.Logs(dir)
			}
			// If no plan can be made, the reason is the first thing that a helper wants to know, so
			// the work goes on.
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Look())
			if err != nil {
				if context.Cause(c.Context()) != nil {
					return err
				}
				b.Failed(err)
			} else {
				defer done()
				b.Cluster(c.Context(), run)
				plan := report.NewPlan(run)
				b.AddJSON("plan.json", plan)
				b.Add("plan.txt", planText(plan))
			}
			path := flags.file()
			if path == "" {
				path = cluster.Name + "-support-" + now.UTC().Format("20060102T150405Z") + ".tar.gz"
			}
			manifest, err := b.Write(path, version, cluster.Name, now)
			if err != nil {
				return fmt.Errorf("write the bundle: %w", err)
			}
			flags.show(manifest, func() { a.printBundle(path, manifest) })
			return nil
		},
	}
	flags.bind(c)
	flags.bindBundle(c)
	c.Flags().Lookup("output").Usage = "the file to write; or text, or json: one document, see docs/events.md"
	return c
}

// printBundle prints where the bundle is and what it contains.
func (a *app) printBundle(path string, m bundle.Manifest) {
	shown, err := filepath.Abs(path)
	if err != nil {
		shown = path
	}
	fmt.Fprintf(a.stdout, "wrote %s: %d files\n", shown, len(m.Files)+1)
	counts := map[string]int{}
	var order []string
	for _, f := range m.Files {
		part, _, nested := strings.Cut(f.Name, "/")
		if nested && part == "hosts" {
			host, _, _ := strings.Cut(strings.TrimPrefix(f.Name, "hosts/"), "/")
			part = "hosts/" + host
		}
		if counts[part] == 0 {
			order = append(order, part)
		}
		counts[part]++
	}
	for _, part := range order {
		switch host := strings.TrimPrefix(part, "hosts/"); {
		case host != part:
			fmt.Fprintf(a.stdout, "  %-24s %s, %d files\n", part, cell(m.Hosts[host]), counts[part])
		case counts[part] == 1:
			fmt.Fprintf(a.stdout, "  %s\n", part)
		default:
			fmt.Fprintf(a.stdout, "  %-24s %d files\n", part, counts[part])
		}
	}
	fmt.Fprintln(a.stdout, "keys, tokens and passwords are left out, names and addresses are not:",
		"look at the file before you give it away")
}
