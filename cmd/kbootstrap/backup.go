package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func backupCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, paths: true}
	var plaintext bool
	c := &cobra.Command{
		Use:   "backup",
		Short: "Write all that a cluster is lost without into one sealed file",
		Long: `Write one file with all that a cluster is lost without: a snapshot of etcd, the keys of the state directory, the
inventory with its lock, the versions, and a manifest with the sum of each.

The file is sealed with age for the public keys that the inventory names under backup.recipients. It is written
whole or not at all, and read again from the disk. No service of a host is stopped.

With -o s3://BUCKET/NAME/ it is sent to a store that speaks S3, read again from there, and not kept here. The
server is that of backup.s3 in the inventory; the keys come from a file or the environment.`,
		Example: `  kbootstrap backup -i hosts.yaml
  kbootstrap backup -i hosts.yaml -o /mnt/usb
  kbootstrap backup -i hosts.yaml -o s3://backups/demo/
  kbootstrap backup verify FILE --identity ~/.ssh/id_ed25519`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			recipients, err := recipientsOf(cluster, plaintext)
			if err != nil {
				return err
			}
			begin := time.Now()
			to, err := newSender(cluster, flags.file(), plaintext, begin)
			if err != nil {
				return err
			}
			given := flags.file()
			if to != nil {
				given = "" // it is made here first
			}
			path, err := backupPath(cluster, given, begin, len(recipients) == 0)
			if err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Backup())
			if err != nil {
				return err
			}
			defer done()
			written, err := run.WriteBackup(c.Context(), path, version, recipients)
			if err != nil {
				return err
			}
			var removed []string
			if to != nil {
				options, stop := flags.options(c.Context())
				defer stop()
				if removed, err = to.send(c.Context(), &written, options, cluster.Name); err != nil {
					return err
				}
			}
			result := report.NewBackup(written, len(recipients), removed, time.Since(begin))
			flags.show(result, func() {
				fmt.Fprintf(a.stdout, "wrote %s: %s, %d keys of etcd at revision %d, taken of %s, in %s\n", result.Path,
					human.Size(result.Size), result.Manifest.Etcd.Keys, result.Manifest.Etcd.Revision,
					result.Manifest.Etcd.Host, seconds(time.Since(begin)))
				for _, name := range removed {
					fmt.Fprintf(a.stdout, "removed %s\n", name)
				}
				switch len(recipients) {
				case 0:
					fmt.Fprintln(a.stdout, "it is NOT sealed: whoever reads it owns the cluster")
				case 1:
					fmt.Fprintln(a.stdout, "one key opens it: name a second one, so that a lost key loses no backup")
				}
				fmt.Fprintf(a.stdout, "`kbootstrap backup verify %s` tries it\n", result.Path)
			})
			return nil
		},
	}
	flags.bind(c)
	c.Flags().Lookup("output").Usage = "the file to write, a directory for it, or s3://BUCKET/NAME/; or text, or " +
		"json: one document, see docs/events.md"
	c.Flags().BoolVar(&plaintext, "plaintext", false, "do not seal the file, although all keys are in it")
	c.AddCommand(backupVerifyCommand(a))
	return c
}

// recipientsOf are those whom a backup is sealed for.
func recipientsOf(c *inventory.Cluster, plaintext bool) ([]age.Recipient, error) {
	if plaintext {
		return nil, nil
	}
	if len(c.Backup.Recipients) == 0 {
		return nil, fault.BackupInClear.Errorf("%s: backup.recipients names no key that the backup could be sealed for",
			c.File)
	}
	return parseRecipients(c.Backup.Recipients)
}

// backupName is the name of a backup that the user gives none.
func backupName(c *inventory.Cluster, now time.Time) string {
	return c.Name + "-" + now.UTC().Format("20060102T150405Z") + ".kbackup"
}

// backupPath is where a backup goes: the file that the user names, or one named by the time, in the
// directory that the user names or in that of the state.
func backupPath(c *inventory.Cluster, given string, now time.Time, clear bool) (string, error) {
	name := backupName(c, now)
	if clear {
		name += ".plaintext"
	}
	if given == "" {
		given = provision.BackupDir(c)
		if err := os.MkdirAll(given, 0o700); err != nil {
			return "", err
		}
	}
	info, err := os.Stat(given)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if err == nil && info.IsDir() {
		return filepath.Join(given, name), nil
	}
	return given, nil
}
