package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/report"
)

// versionCommand tells what this build of the tool is, and what it can install.
func versionCommand(a *app) *cobra.Command {
	output := textOutput
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version of the tool, and which versions of Kubernetes it knows",
		Example: `  kbootstrap version
  kbootstrap version -o json`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v, err := newVersion()
			if err != nil {
				return err
			}
			if output == textOutput {
				printVersion(a.stdout, v)
				return nil
			}
			encoder := json.NewEncoder(a.stdout)
			encoder.SetIndent("", "  ")
			return encoder.Encode(v)
		},
	}
	c.Flags().VarP(&choice{&output, []string{textOutput, jsonOutput}}, "output", "o", "text or json")
	return c
}

// newVersion says what this build is.
func newVersion() (report.Version, error) {
	known := release.KnownKubernetes()
	components, err := release.Versions(&inventory.Cluster{Kubernetes: known[0]}, component.Sources())
	if err != nil {
		return report.Version{}, err
	}
	delete(components, "kubernetes")
	return report.Version{
		APIVersion: report.APIVersion, Kind: "Version", Version: version, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Kubernetes: known, Components: components,
	}, nil
}

func printVersion(w io.Writer, v report.Version) {
	fmt.Fprintf(w, "kbootstrap %s (%s, %s)\n\n", v.Version, v.Platform, v.Go)
	fmt.Fprintf(w, "Kubernetes %s to %s; the newest that are known:\n  %s\n\n",
		release.Branch(v.Kubernetes[len(v.Kubernetes)-1]), release.Branch(v.Kubernetes[0]),
		strings.Join(v.Kubernetes, " "))
	fmt.Fprintf(w, "by default with %s:\n", v.Kubernetes[0])
	table(w, func(w io.Writer) {
		for _, name := range slices.Sorted(maps.Keys(v.Components)) {
			fmt.Fprintf(w, "  %s\t%s\n", name, v.Components[name])
		}
	})
}
