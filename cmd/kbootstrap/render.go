package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
)

// renderCommand writes what hosts would get into a directory.
func renderCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, paths: true}
	arch := "amd64"
	c := &cobra.Command{
		Use:   "render",
		Short: "Write all files, units and manifests that hosts would get into a directory; asks no host",
		Long: `Write all files, units and manifests that hosts would get into a directory, for a review, for a repository, and
for those who build images. No host is asked, so new machines with Debian 12 are assumed; the README.md of the
directory names what is assumed.

No key, certificate or password is in the directory: words say what stands there, with the names and the life of
each certificate. Of a Secret of your own only the keys are named. Programs and images are named by their sums, for
which they are fetched into the cache, as "plan" does. Two renderings of the same inventory are equal.

In the directory are:

  hosts/NAME/root             the files of the host, as they lie there
  hosts/NAME/resources.txt    the mode and the owner of each, packages, services, modules and all else
  cluster/COMPONENT.yaml      the objects of the API

A directory of an earlier rendering is replaced, any other has to be empty.`,
		Example: `  kbootstrap render -i hosts.yaml -o rendered
  kbootstrap render -i hosts.yaml -o rendered --arch arm64
  git diff --no-index before rendered`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			dir := flags.file()
			if dir == "" {
				return cli.UsageError{Err: errors.New("-o DIR says where to write")}
			}
			if err := mayReplace(dir); err != nil {
				return cli.UsageError{Err: err}
			}
			var rendering provision.Rendering
			stages := provision.Render(provision.AssumedFacts(arch), &rendering)
			_, done, err := flags.prepare(c.Context(), provision.Scope{}, stages)
			if err != nil {
				return err
			}
			defer done()
			files, err := rendering.Files()
			if err != nil {
				return err
			}
			if err := writeRendering(dir, readme(rendering), files); err != nil {
				return err
			}
			flags.show(nil, func() {
				fmt.Fprintf(a.stdout, "wrote %s: %d files, hosts: %d, without keys and passwords\n", dir, len(files)+1,
					len(rendering.Cluster.Hosts))
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	c.Flags().Lookup("output").Usage, c.Flags().Lookup("output").DefValue = "the directory to write", ""
	c.Flags().Var(&choice{&arch, []string{"amd64", "arm64"}}, "arch", "the processors of the hosts")
	for _, name := range []string{"ask-sudo-password", "host-key"} {
		c.Flags().Lookup(name).Hidden = true // there is no login
	}
	return c
}
