package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/component"
)

// kubeconfigFlags are the flags of kubeconfig.
type kubeconfigFlags struct {
	inventory, server, into string
	merge, use, yes         bool
	identities              []string
}

// kubeconfigCommand prints the administrator's kubeconfig, or adds it to that of the user.
func kubeconfigCommand(a *app) *cobra.Command {
	var f kubeconfigFlags
	c := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the administrator's kubeconfig, or merge it into ~/.kube/config",
		Long: `Print the administrator's kubeconfig, which "up" keeps in the state directory. It has a private key. No host is asked.

With --merge it is added to the first file of $KUBECONFIG, else to ~/.kube/config: a cluster and a context with the
name of the cluster, and a user. What of these is there already is replaced; all else stays, except for comments,
which kubectl does not keep either. The difference is shown without keys, and a question comes before the file is
written. What it was is kept next to it, as FILE.before-kbootstrap. The current context changes with --use only, or
if there is none.`,
		Example: `  kbootstrap kubeconfig --merge
  kbootstrap kubeconfig -i hosts.yaml --merge --use --yes
  kbootstrap kubeconfig --server https://127.0.0.1:6443`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if !f.merge && (f.use || f.yes || f.into != "") {
				return cli.UsageError{Err: errors.New("--into, --use and --yes go with --merge")}
			}
			own, err := f.own(c.Context(), a)
			if err != nil {
				return err
			}
			if f.merge {
				return f.mergeInto(c.Context(), a, own)
			}
			text, err := own.text()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	c.Flags().StringVarP(&f.inventory, "inventory", "i", "hosts.yaml", "the inventory file")
	bindIdentities(c, &f.identities)
	c.Flags().StringVar(&f.server, "server", "", "the URL of the API, if there is another way to it, such as a tunnel")
	c.Flags().BoolVar(&f.merge, "merge", false, "add it to your own kubeconfig")
	c.Flags().StringVar(&f.into, "into", "", "the file to add it to")
	c.Flags().BoolVar(&f.use, "use", false, "make it the current context")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	return c
}

// own reads the kubeconfig of the cluster.
func (f *kubeconfigFlags) own(ctx context.Context, a *app) (kubeconfig, error) {
	cluster, err := inventory.Load(f.inventory, component.Rules())
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	text, err := provision.AdminKubeconfig(cluster, a.unlocker(ctx, f.identities))
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, fault.KubeconfigNone.Errorf("%s: there is no kubeconfig yet: %s has none", cluster.Name,
			cluster.StateDir())
	}
	own, err := parseKubeconfig(text)
	if err == nil && f.server != "" {
		own.setServer(f.server)
	}
	return own, err
}

// target is the file that the cluster is added to. Where that is a symbolic link, it is what the
// link leads to.
func (f *kubeconfigFlags) target() (string, error) {
	path := f.into
	if list := filepath.SplitList(os.Getenv("KUBECONFIG")); path == "" && len(list) > 0 {
		path = list[0]
	}
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, ".kube", "config")
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path, nil
}

// mergeInto adds the cluster to the user's kubeconfig, after a yes.
func (f *kubeconfigFlags) mergeInto(ctx context.Context, a *app, own kubeconfig) error {
	path, err := f.target()
	if err != nil {
		return err
	}
	m, err := mergeKubeconfig(path, own, f.use)
	if err != nil {
		return fault.KubeconfigOther.Errorf("%s: %w", path, err)
	}
	if m.diff == "" {
		fmt.Fprintf(a.stdout, "%s has the cluster already\n", path)
		return nil
	}
	fmt.Fprintf(a.stdout, "%s\n%s", path, m.diff)
	if !f.yes {
		person, ok := a.asker(nil).(*terminal)
		if !ok {
			return cli.UsageError{Err: errors.New("nothing was written: --yes says yes where there is no terminal")}
		}
		yes, err := person.Confirm(ctx, "write this?")
		if err != nil {
			return err
		}
		if !yes {
			fmt.Fprintln(a.stdout, "nothing was written")
			return nil
		}
	}
	kept, err := m.write(path)
	if err != nil {
		return fault.KubeconfigOther.Errorf("%s: %w", path, err)
	}
	if kept != "" {
		fmt.Fprintf(a.stdout, "kept what it was as %s\n", kept)
	}
	fmt.Fprintf(a.stdout, "next: kubectl --context %s get nodes\n", own.name())
	return nil
}
