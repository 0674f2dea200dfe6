package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/remote"
)

// bundleCommand makes and judges bundles, files with all that a cluster is made of. Those with what
// a helper needs to see are support bundles.
func bundleCommand(a *app) *cobra.Command {
	cmd := cli.Group(&cobra.Command{
		Use:   "bundle",
		Short: "Carry all that a cluster is made of in one file, to where there is no network",
		Example: `  kbootstrap bundle create -i hosts.yaml
  kbootstrap bundle verify demo-bundle.tar
  kbootstrap up -i hosts.yaml --bundle demo-bundle.tar`,
	})
	cmd.AddCommand(bundleCreateCommand(a), bundleVerifyCommand(a), bundleDiffCommand(a))
	return cmd
}

// bindBundle adds the flag of commands that need artifacts.
func (f *clusterFlags) bindBundle(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.bundles, "bundle", nil, "take all artifacts from this file, which \"kbootstrap bundle "+
		"create\" has made, and fetch nothing; again for the file of a difference")
}

// bundleCreateCommand writes a bundle.
func bundleCreateCommand(a *app) *cobra.Command {
	var path, output string
	var archs []string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Write one file with all that the inventory needs; touches no host",
		Long: `Write one file with all that the inventory needs: the programs and images for hosts of the named architectures,
those of the add-ons that are on, the lock with all sums, a bill of materials, and the tool itself. What is not in the
cache is fetched. Where there is no network, "up" and all other commands take everything from that file with --bundle.

The file is a plain tar. Two of the same things have the same bytes. It has no key and no password, and not the
inventory: carry that with it, and the files that it names.

Packages of the distribution are not in the file, because what a package needs differs with what a host has already.
The command names those that hosts must have, or be able to install from a mirror of their distribution.`,
		Example: `  kbootstrap bundle create -i hosts.yaml
  kbootstrap bundle create -i hosts.yaml -o demo-bundle.tar --arch amd64,arm64
  tar xf demo-bundle.tar bin
  bin/kbootstrap up -i hosts.yaml --bundle demo-bundle.tar`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.validate(path)
			if err != nil {
				return cli.UsageError{Err: err}
			}
			if output == "" {
				output = c.Name + "-bundle.tar"
			}
			tool, err := bundleTool(archs)
			if err != nil {
				return err
			}
			progress, stop := a.showFetch()
			defer stop()
			m, err := release.CreateBundle(cmd.Context(), c, archs, tool, output, release.Options{
				Sources: component.Sources(), Verbs: []string{release.AnyVerb}, Progress: progress, Warn: a.warned,
			})
			stop()
			if err != nil {
				return err
			}
			sum, size, err := sumFile(output)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: %d artifacts for %s, %s\nsha256 %s\n", output, len(m.Artifacts),
				strings.Join(m.Architectures, " and "), human.Size(size), sum)
			a.printPackages(c)
			fmt.Fprintf(a.stdout, "\nnext, where there is no network:\n  tar xf %[1]s bin\n"+
				"  bin/kbootstrap up -i %[2]s --bundle %[1]s\n", filepath.Base(output), filepath.Base(path))
			return nil
		},
	}
	artifactsFlags(cmd, &path, &archs)
	cmd.Flags().StringVarP(&output, "output", "o", "", "the file to write (default: CLUSTER-bundle.tar)")
	return cmd
}

// bundleTool is the tool that runs, with what hosts of the architectures need of it.
func bundleTool(archs []string) (release.BundleTool, error) {
	self, err := os.Executable()
	if err != nil {
		return release.BundleTool{}, err
	}
	tool := release.BundleTool{Version: version, Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Programs: map[string]string{"kbootstrap": self}}
	for _, arch := range archs {
		if runtime.GOOS == "linux" && arch == runtime.GOARCH {
			continue
		}
		agent, err := remote.AgentPath(arch)
		if err != nil {
			return release.BundleTool{}, fmt.Errorf("hosts with %s: %w", arch, err)
		}
		tool.Programs["kbootstrap-linux-"+arch] = agent
	}
	return tool, nil
}

// printPackages names what hosts need of their distribution.
func (a *app) printPackages(c *inventory.Cluster) {
	var names []string
	for _, p := range component.Packages(c) {
		name := p.Apt
		if p.Yum != p.Apt {
			name += " (" + p.Yum + " of Enterprise Linux)"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(a.stdout, "not in it, and needed on hosts from their distribution: %s\n", strings.Join(names, ", "))
}
