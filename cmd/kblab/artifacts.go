package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/workshop/lab/components"
)

// artifactsCommand is the lab's mirror of programs and images, built where it lacks something.
func artifactsCommand(s cli.Streams) *cobra.Command {
	var spec components.Spec
	c := &cobra.Command{
		Use:   "artifacts",
		Short: "Fetch or build the lab's mirror of Kubernetes programs and images",
		Long: `Fetch or build the programs and images that the lab's clusters run, once per version, and print the directory
of the mirror that holds them.

What projects publish is fetched if its sum is built into kbootstrap, and if upstream answers within seconds. All else
is built from its published source; without the internet that is everything, which takes some ten minutes the first
time, and with --add-ons five more: that is what inventories turn on under "addons".

With --from, what the mirror of another machine has is fetched from there in place of upstream. Any web server can serve
one: "python3 -m http.server --directory ~/.cache/kbootstrap/lab/mirror". Its lock file has the sums that are compared.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if spec.Mirror == "" {
				mirror, err := components.DefaultMirror()
				if err != nil {
					return err
				}
				spec.Mirror = mirror
			}
			spec.Log = func(line string) { fmt.Fprintf(s.Err, "kblab: %s\n", line) }
			err := components.Build(cmd.Context(), spec)
			var unknown components.UnknownVersion
			switch {
			case errors.As(err, &unknown):
				return cli.UsageError{Err: fmt.Errorf("artifacts: %w", err)}
			case err != nil && cmd.Context().Err() != nil:
				return fmt.Errorf("artifacts: %w", cmd.Context().Err()) // how the builds ended says nothing then
			case err != nil:
				return fmt.Errorf("artifacts: %w", err)
			}
			fmt.Fprintln(s.Out, spec.Mirror)
			return nil
		},
	}
	c.Flags().StringVar(&spec.Kubernetes, "kubernetes", components.DefaultKubernetes, "version of Kubernetes")
	c.Flags().BoolVar(&spec.AddOns, "add-ons", false, "also what a cluster runs only where its inventory asks for it")
	c.Flags().BoolVar(&spec.FromSource, "from-source", false, "build everything, also what the benchmark alone needs")
	c.Flags().StringVar(&spec.From, "from", "", "URL of another machine's mirror, to ask in place of upstream")
	c.MarkFlagsMutuallyExclusive("from", "from-source")
	c.Flags().BoolVar(&spec.OlderEtcd, "older-etcd", false, "also etcd 3.5, for clusters that move to 3.6")
	c.Flags().StringVar(&spec.Mirror, "mirror", "", "directory of the mirror (default: in the user's cache directory)")
	return c
}
