package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/certs"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
)

func stateCommand(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "state", Short: "Encrypt the keys of the state directory, and share them"})
	c.AddCommand(stateEncryptCommand(a), stateDecryptCommand(a))
	return c
}

func stateEncryptCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		to           certs.Sealing
		byPassphrase bool
	)
	c := &cobra.Command{
		Use:   "encrypt",
		Short: "Encrypt the private keys and passwords of the state directory",
		Long: `Encrypt all private keys and passwords of the state directory with age, into one file of it: pki/keys.age. Each of
the recipients opens it alone. They are public keys of SSH or of age; by default those of backup.recipients in the
inventory. Or it is sealed with a passphrase.

All other commands open the file in memory when they need keys, with --identity, KBOOTSTRAP_IDENTITY or
~/.ssh/id_ed25519 and id_rsa; a passphrase is asked for, or taken from KBOOTSTRAP_STATE_PASSPHRASE. What they
issue is sealed for the same recipients. admin.kubeconfig is kept no longer: "kubeconfig" prints it.

The file is opened before anything in the clear is removed, so nobody is locked out. A run that is cut off leaves
the state directory as it was, or encrypted, and the same command finishes it. On a state directory that is encrypted
already the recipients become those that are named. No host is asked.`,
		Example: `  kbootstrap state encrypt -i hosts.yaml --recipient "$(cat ~/.ssh/id_ed25519.pub)" --recipient age1…
  kbootstrap state encrypt -i hosts.yaml --passphrase`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if byPassphrase && to.Recipients != nil {
				return cli.UsageError{Err: errors.New("a passphrase and recipients do not go together")}
			}
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			if err := a.chooseSealing(c.Context(), &to, cluster, byPassphrase); err != nil {
				return err
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.EncryptState(to))
			if err != nil {
				return err
			}
			defer done()
			flags.show(nil, func() {
				fmt.Fprintf(a.stdout, "%s: the keys are encrypted %s\n", run.Cluster.Name, sealedText(to))
				if len(to.Recipients) == 1 {
					fmt.Fprintln(a.stdout, "one key opens them: name a second one, so that a lost key loses nothing")
				}
				if plain := run.PlainBackups(); len(plain) > 0 {
					fmt.Fprintf(a.stdout, "backups in the clear, which have all keys, are still there: %s\n",
						strings.Join(plain, " "))
				}
				fmt.Fprintln(a.stdout, "what was removed may be readable on the disk until it is written over")
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	c.Flags().StringArrayVar(&to.Recipients, "recipient", nil,
		"a public key that opens the keys, of SSH or of age (may be repeated); by default those of backup.recipients")
	c.Flags().BoolVar(&byPassphrase, "passphrase", false, "seal them with a passphrase")
	return c
}

// chooseSealing says for whom the keys are sealed: what the flags say, or the inventory.
func (a *app) chooseSealing(
	ctx context.Context, to *certs.Sealing, cluster *inventory.Cluster, byPassphrase bool,
) error {
	if !byPassphrase {
		if to.Recipients == nil {
			to.Recipients = cluster.Backup.Recipients
		}
		return nil
	}
	var err error
	if to.Passphrase, err = a.passphrase(ctx, "new passphrase: "); err != nil {
		return err
	}
	again, err := a.passphrase(ctx, "the same again: ")
	if err != nil {
		return err
	}
	if again != to.Passphrase {
		return cli.UsageError{Err: errors.New("the two passphrases differ; nothing was changed")}
	}
	return nil
}

// sealedText says for whom keys are sealed.
func sealedText(to certs.Sealing) string {
	switch {
	case to.Passphrase != "":
		return "with a passphrase"
	case len(to.Recipients) == 1:
		return "for one key"
	}
	return fmt.Sprintf("for %d keys", len(to.Recipients))
}

func stateDecryptCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	c := &cobra.Command{
		Use:   "decrypt",
		Short: "Have the private keys and passwords of the state directory in the clear again",
		Long: `Write the private keys and passwords of the state directory in the clear again, and remove pki/keys.age. A run that is
cut off leaves the state directory encrypted. No host is asked.`,
		Example: `  kbootstrap state decrypt -i hosts.yaml --identity ~/.ssh/id_ed25519`,
		Args:    cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.DecryptState())
			if err != nil {
				return err
			}
			defer done()
			flags.show(nil, func() {
				fmt.Fprintf(a.stdout, "%s: the keys are in the clear, readable by their owner only\n", run.Cluster.Name)
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	return c
}
