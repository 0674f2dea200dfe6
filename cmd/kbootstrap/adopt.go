package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/backup"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func adoptCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	c := &cobra.Command{
		Use:   "adopt [BACKUP]",
		Short: "Make the state directory of a running cluster again, of its hosts and a backup",
		Long: `Make the state directory of a running cluster again when it is lost: of what the hosts have, and of a backup. No host
is changed, and a state directory that has keys is left alone.

The hosts must name this cluster, and their keys are known by SSH as always. A backup is believed if its authorities
are those that the hosts trust today and if it is of the very cluster that runs, by the UID of kube-system. With it
everything is there again, and the next up changes nothing on the hosts.

Without a backup the hosts have the key of the cluster's authority, those of service accounts and of secrets, and
their own certificates. The keys of the authorities of etcd and of the front proxy are on no host. For each of these
a new one is made, in the stage trust: up has the hosts trust it, and then two calls of certs rotate-ca
replace the one whose key is lost. Passwords of add-ons are new then, too.`,
		Example: `  kbootstrap adopt -i hosts.yaml demo-20261129T120000Z.kbackup --identity ~/.ssh/id_ed25519
  kbootstrap adopt -i hosts.yaml`,
		Args: cli.Args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			var set *backup.Set
			if len(files) > 0 {
				opened, err := a.identities(c.Context(), files[0], flags.identities)
				if err != nil {
					return err
				}
				if set, err = provision.ReadSet(files[0], opened); err != nil {
					return err
				}
			}
			var adopted provision.Adopted
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Adopt(set, &adopted))
			if err != nil {
				return err
			}
			defer done()
			flags.show(report.NewAdoption(adopted, run.LeftOut()), func() {
				writeAdoption(a.stdout, run, adopted)
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	return c
}

// writeAdoption says what there is again, and what is lost.
func writeAdoption(w io.Writer, run *provision.Run, adopted provision.Adopted) {
	file := run.Cluster.File
	fmt.Fprintf(w, "%s: adopted: %s\n", run.Cluster.Name, adopted.Proof)
	if adopted.Unproven != "" {
		fmt.Fprintf(w, "whether it is the cluster of the backup could not be seen: %s\n", adopted.Unproven)
	}
	for _, f := range run.LeftOut() {
		fmt.Fprintf(w, "%v\n", f)
	}
	if len(adopted.Issued) > 0 {
		fmt.Fprintf(w, "not found, so that the next run issues them: %s\n", strings.Join(adopted.Issued, ", "))
	}
	fmt.Fprintf(w, "\nnext:\n  kbootstrap plan -i %[1]s\n  kbootstrap up -i %[1]s\n", file)
	for _, of := range adopted.Lost {
		fmt.Fprintf(w, "  kbootstrap certs rotate-ca %s -i %s   # twice: the key of the old one is lost\n", of, file)
	}
}
