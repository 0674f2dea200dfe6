package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"kbootstrap/backup/scheduled"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
)

// makeBackupCommand is what the timer of a host starts. It is hidden, because people do not type
// it.
func makeBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "make-backup",
		Short:  "Make this host's part of a backup",
		Hidden: true,
		Args:   cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 {
				return errors.New("make-backup: must run as root")
			}
			sys := host.NewSystem("/", host.Run, nil, nil)
			defer sys.Close()
			config, err := scheduled.Load(sys)
			if err != nil {
				return err
			}
			recipients, err := parseRecipients(config.Recipients)
			if err != nil {
				return err
			}
			set, err := scheduled.Make(c.Context(), sys, config, recipients,
				scheduled.Made{Version: version, Now: time.Now()})
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s/%s: %s, %d keys of etcd at revision %d\n", config.Dir, set.Name,
				human.Size(set.Size), set.Keys, set.Revision)
			return nil
		},
	}
}

// parseRecipients reads the public keys that a backup is sealed for.
func parseRecipients(texts []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, text := range texts {
		r, err := inventory.ParseRecipient(text)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
