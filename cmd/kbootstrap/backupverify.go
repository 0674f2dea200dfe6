package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/backup"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

func backupVerifyCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var onlySums bool
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Open a backup, compare its sums, and rehearse the restore of it",
		Long: `Open a backup and compare the sum of each file in it. Then rehearse: the snapshot is restored into an etcd of its own
on this machine, in the version of the backup, which listens on no network; its keys are counted, and the UIDs of
kube-system and of the nodes are compared with the manifest. All that was made for it is removed in the end.

No host is asked. FILE may be s3://BUCKET/NAME.kbackup, or s3://BUCKET/NAME/ for the newest backup of the cluster
there.`,
		Example: `  kbootstrap backup verify demo-20261129T120000Z.kbackup
  kbootstrap backup verify demo-20261129T120000Z.kbackup --identity ~/.ssh/id_ed25519
  kbootstrap backup verify s3://backups/demo/`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			found, err := flags.locate(c.Context(), cluster, files[0])
			if err != nil {
				return err
			}
			defer func() { _ = found.Close() }() // nothing was written that could be lost
			opened, err := a.identities(c.Context(), found.path, flags.identities)
			if err != nil {
				return err
			}
			options, stop := flags.options(c.Context())
			defer stop()
			r, err := provision.Rehearse(c.Context(), cluster, found.path, opened, onlySums, options)
			if err != nil {
				return err
			}
			if r.Store != nil {
				if err := provision.NoteVerified(cluster, found.shown, r.Manifest, time.Now()); err != nil {
					return err
				}
			}
			var keys string
			if r.Manifest.Part != "" {
				if keys, err = keysText(cluster, r.Manifest, options); err != nil {
					return err
				}
			}
			result := report.NewRehearsal(r)
			flags.show(result, func() {
				m := result.Manifest
				fmt.Fprintf(a.stdout, "%s: whole: cluster %s, Kubernetes %s, etcd %s at revision %d, made %s\n",
					found.name(files[0]), m.Cluster, m.Kubernetes, m.Versions["etcd"], m.Etcd.Revision,
					m.Created.Local().Format(time.DateTime))
				fmt.Fprint(a.stdout, keys)
				if r.Store == nil {
					fmt.Fprintln(a.stdout, "only the sums were compared; without --only-sums the restore is rehearsed")
					return
				}
				fmt.Fprintf(a.stdout, "rehearsed in %s: an etcd of its own holds %d keys and %d nodes, as the backup "+
					"says\n", seconds(r.Took), r.Store.Keys, len(r.Store.Nodes))
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindBundle(c)
	c.Flags().BoolVar(&onlySums, "only-sums", false, "compare the sums, and start no etcd")
	return c
}

// keysText says where the keys are that belong to a set which a host has made by itself.
func keysText(c *inventory.Cluster, m backup.Manifest, o fleet.Options) (string, error) {
	lacks, err := provision.KeysLacking(c, m, o)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("it is a set that the host %s has made by itself, without keys: "+
		"%s has those that belong to it\n", m.Etcd.Host, c.StateDir())
	if len(lacks) > 0 {
		text = fmt.Sprintf("it is a set that the host %s has made by itself, without keys, and %s lacks %s of "+
			"those that belong to it: `restore` needs --keys with a whole backup\n", m.Etcd.Host, c.StateDir(),
			strings.Join(lacks, ", "))
	}
	return text, nil
}
