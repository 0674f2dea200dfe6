package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"kbootstrap/backup"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/report"
)

func backupVerifyCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		identities []string
		onlySums   bool
	)
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Open a backup, compare its sums, and rehearse the restore of it",
		Long: `Open a backup and compare the sum of each file in it. Then rehearse: the snapshot is restored into an etcd of its own
on this machine, in the version of the backup, which listens on no network; its keys are counted, and the UIDs of
kube-system and of the nodes are compared with the manifest. All that was made for it is removed in the end.

No host is asked.`,
		Example: `  kbootstrap backup verify demo-20261129T120000Z.kbackup
  kbootstrap backup verify demo-20261129T120000Z.kbackup --identity ~/.ssh/id_ed25519`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			opened, err := a.identities(c.Context(), files[0], identities)
			if err != nil {
				return err
			}
			options, stop := flags.options()
			defer stop()
			r, err := provision.Rehearse(c.Context(), cluster, files[0], opened, onlySums, options)
			if err != nil {
				return err
			}
			if r.Store != nil {
				if err := provision.NoteVerified(cluster, files[0], r.Manifest, time.Now()); err != nil {
					return err
				}
			}
			var keys string
			if r.Manifest.Part != "" {
				if keys, err = keysText(cluster, r.Manifest); err != nil {
					return err
				}
			}
			result := report.NewRehearsal(r)
			flags.show(result, func() {
				m := result.Manifest
				fmt.Fprintf(a.stdout, "%s: whole: cluster %s, Kubernetes %s, etcd %s at revision %d, made %s\n",
					files[0], m.Cluster, m.Kubernetes, m.Versions["etcd"], m.Etcd.Revision,
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
	bindIdentities(c, &identities)
	c.Flags().BoolVar(&onlySums, "only-sums", false, "compare the sums, and start no etcd")
	return c
}

// keysText says where the keys are that belong to a set which a host has made by itself.
func keysText(c *inventory.Cluster, m backup.Manifest) (string, error) {
	lacks, err := provision.KeysLacking(c, m)
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

// bindIdentities adds the flag of commands that open backups.
func bindIdentities(c *cobra.Command, to *[]string) {
	c.Flags().StringArrayVar(to, "identity", nil,
		"a private key that opens the backup, of age or of SSH (may be repeated); otherwise ~/.ssh/id_ed25519 and "+
			"id_rsa are tried")
}

// identities reads the private keys that may open a backup; none for one that is not sealed.
func (a *app) identities(ctx context.Context, file string, paths []string) ([]age.Identity, error) {
	sealed, err := backup.IsSealed(file)
	if err != nil || !sealed {
		return nil, err
	}
	isGiven := len(paths) > 0
	if !isGiven {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		paths = []string{filepath.Join(home, ".ssh", "id_ed25519"), filepath.Join(home, ".ssh", "id_rsa")}
	}
	var all []age.Identity
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && !isGiven {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := a.parseIdentities(ctx, path, text)
		if err != nil && isGiven {
			return nil, fault.BackupNotOpened.Errorf("%s: not a private key that opens backups: %w", path, err)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fault.BackupNotOpened.Errorf("%s is sealed, and there is no key in %s", file,
			strings.Join(paths, " or "))
	}
	return all, nil
}

// parseIdentities reads a file of age-keygen or an SSH key, whose passphrase is asked for when the
// backup is sealed for it.
func (a *app) parseIdentities(ctx context.Context, path string, text []byte) ([]age.Identity, error) {
	if !strings.Contains(string(text), "PRIVATE KEY-----") {
		return age.ParseIdentities(strings.NewReader(string(text)))
	}
	found, err := agessh.ParseIdentity(text)
	var locked *ssh.PassphraseMissingError
	if err == nil || !errors.As(err, &locked) {
		return []age.Identity{found}, err
	}
	public := locked.PublicKey
	if public == nil { // an old format, which has the public key in a file of its own
		line, err := os.ReadFile(path + ".pub")
		if err != nil {
			return nil, err
		}
		if public, _, _, _, err = ssh.ParseAuthorizedKey(line); err != nil {
			return nil, err
		}
	}
	asked, err := agessh.NewEncryptedSSHIdentity(public, text, func() ([]byte, error) {
		person := a.asker(a.shown)
		if person == nil {
			return nil, fmt.Errorf("%s has a passphrase, and there is no terminal to ask for it", path)
		}
		secret, err := person.Secret(ctx, "passphrase of "+path+": ")
		return []byte(secret), err
	})
	if err != nil {
		return nil, err
	}
	return []age.Identity{asked}, nil
}
