package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/certs"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

func stateCommand(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "state", Short: "Encrypt the keys of the state directory, and share them"})
	c.AddCommand(stateEncryptCommand(a), stateDecryptCommand(a), statePushCommand(a), statePullCommand(a))
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
the recipients opens it alone. They are public keys of SSH or of age, or files with one; by default those of backup.recipients in the
inventory. Or it is sealed with a passphrase.

All other commands open the file in memory when they need keys, with --identity, KBOOTSTRAP_IDENTITY or
~/.ssh/id_ed25519 and id_rsa; a passphrase is asked for, or taken from KBOOTSTRAP_STATE_PASSPHRASE. What they
issue is sealed for the same recipients. admin.kubeconfig is kept no longer: "kubeconfig" prints it.

The file is opened before anything in the clear is removed, so no user is locked out. A run that is cut off leaves
the state directory as it was, or encrypted, and the same command finishes it. On a state directory that is encrypted
already the recipients become those that are named. No host is asked.`,
		Example: `  kbootstrap state encrypt -i hosts.yaml --recipient ~/.ssh/id_ed25519.pub --recipient age1…
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
		"a public key that opens the keys, of SSH or of age, or its file (may be repeated); by default those of "+
			"backup.recipients")
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
		for i, text := range to.Recipients {
			if _, err := inventory.ParseRecipient(text); err == nil {
				continue // otherwise it may be the name of a file with one
			}
			if read, err := os.ReadFile(text); err == nil {
				to.Recipients[i] = strings.TrimSpace(string(read))
			}
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

func statePushCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var sharing provision.Sharing
	c := &cobra.Command{
		Use:   "push",
		Short: "Share the encrypted state directory, on the control planes or in a directory",
		Long: `Share the state directory with other operators and machines: on all control planes, or with --to in a directory
that they reach too. So a lost machine is no lost cluster.

Only a state directory that is encrypted is pushed, as it lies there: no secret is in the clear anywhere. What is
shared has a serial number. A push is refused if another operator has pushed since this state directory was last
pulled or pushed; of two at once, one is refused. On control planes it has to reach more than half of them. No
private key is needed. The inventory is not part of it: keep that where you keep your code.`,
		Example: `  kbootstrap state push -i hosts.yaml
  kbootstrap state push -i hosts.yaml --to /mnt/team`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			sharing.By = fleet.Operator()
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.PushState(&sharing))
			if err != nil {
				return err
			}
			defer done()
			var summary provision.Summary
			if sharing.Directory == "" {
				summary, err = run.Apply(c.Context())
				if err != nil && len(summary.Outcome.Finished) == 0 {
					return runError(err, summary.Outcome)
				}
			}
			if err := run.EndPush(c.Context(), &sharing, summary); err != nil {
				return err
			}
			flags.show(report.NewSharedState(sharing), func() {
				if !sharing.Changed {
					fmt.Fprintf(a.stdout, "%s: nothing to push: %s\n", run.Cluster.Name, sharing.Now)
					return
				}
				fmt.Fprintf(a.stdout, "%s: pushed: %s\n", run.Cluster.Name, sharing.Now)
			})
			if err != nil {
				return exitError{exitPartial, err}
			}
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	c.Flags().StringVar(&sharing.Directory, "to", "", "a directory to share it in, instead of the control planes")
	return c
}

func statePullCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var sharing provision.Sharing
	c := &cobra.Command{
		Use:   "pull",
		Short: "Have the shared state directory take the place of the one here",
		Long: `Have the state directory that is shared take the place of the one here, at once. It must open with one of your
private keys, and have an authority in common with the one here; what was changed here since the last push or
pull is not thrown away: then pull refuses. With --replace it goes on, and keeps the one of here as pki.replaced.

No host is changed. Where there is no state directory yet, such as on another machine, pull makes it.`,
		Example: `  kbootstrap state pull -i hosts.yaml
  kbootstrap state pull -i hosts.yaml --from /mnt/team --identity ~/.ssh/id_work`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.PullState(&sharing))
			if err != nil {
				return err
			}
			defer done()
			flags.show(report.NewSharedState(sharing), func() {
				if !sharing.Changed {
					fmt.Fprintf(a.stdout, "%s: nothing to pull: %s\n", run.Cluster.Name, sharing.Now)
					return
				}
				fmt.Fprintf(a.stdout, "%s: pulled: %s\n", run.Cluster.Name, sharing.Now)
			})
			return nil
		},
	}
	flags.bind(c)
	flags.bindLock(c)
	c.Flags().StringVar(&sharing.Directory, "from", "",
		"a directory that it is shared in, instead of the control planes")
	c.Flags().BoolVar(&sharing.Replace, "replace", false, "also if something was changed here, which is kept then")
	return c
}
