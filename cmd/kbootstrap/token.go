package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/report"
)

// shortestToken is the shortest life that the API gives a token.
const shortestToken = 10 * time.Minute

// tokenCommand makes a token for people.
func tokenCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var life time.Duration
	c := &cobra.Command{
		Use:   "token",
		Short: "Make a token to log in to the web UI with",
		Long: `Make a token for people, to log in to the web UI with, and print it: nothing else is written to standard
output. It is of the account headlamp-user, whose rights are those that addons.ui.rights of the inventory says, and
expires. It is a secret, of which no copy is kept; while it is good it cannot be called back one by one.

Any control plane that answers is enough. Nothing on the hosts is changed.`,
		Example: `  kbootstrap addons token -i hosts.yaml
  kbootstrap addons token -i hosts.yaml --duration 8h -q | xclip
  kbootstrap addons token -i hosts.yaml -o json -q`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if life < shortestToken {
				return cli.UsageError{Err: fmt.Errorf("--duration: %s is too short: the API gives %s at least", life,
					shortestToken)}
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.AskPlanes())
			if err != nil {
				return err
			}
			defer done()
			token, err := run.PeopleToken(c.Context(), life)
			if err != nil {
				return err
			}
			flags.show(report.NewToken(token), func() {
				fmt.Fprintln(a.stdout, token.Text)
				if !flags.quiet {
					fmt.Fprintf(a.stderr, "the token is of %s (%s), and good until %s\n", token.Account, token.Rights,
						token.Expires.Local().Format(time.DateTime))
				}
			})
			return nil
		},
	}
	flags.bind(c)
	c.Flags().DurationVar(&life, "duration", time.Hour, "how long the token is good, from 10m on")
	return c
}
