package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/remote"
)

func hostsCommand(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "hosts", Short: "Work on the hosts as SSH sees them"})
	c.AddCommand(trustCommand(a))
	return c
}

// trustCommand records the keys of new hosts.
func trustCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var yes bool
	c := &cobra.Command{
		Use:   "trust [HOST...]",
		Short: "Show the keys of hosts that are not known yet, and record them after a yes",
		Long: `Show the fingerprints of the keys of all hosts of the inventory, or of those named, and of the jump hosts on the way to
them. After a yes, or with --yes, those that are not known yet are recorded in known_hosts. Compare them first with what
"ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on the console of each host.

Nobody is logged in, but to jump hosts whose keys are known. A key that has changed is never recorded.`,
		Example: `  kbootstrap hosts trust -i hosts.yaml
  kbootstrap hosts trust -i hosts.yaml w3 --yes`,
		Args: usageArgs(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, names []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			hosts := cluster.Hosts
			if len(names) > 0 {
				hosts = nil
			}
			for _, name := range names {
				h, ok := cluster.Host(name)
				if !ok {
					return exitError{exitUsage, unknownHost{name, cluster}}
				}
				hosts = append(hosts, h)
			}
			options, stop := flags.options(cluster)
			defer stop()
			t := trust{app: a, flags: flags, yes: yes, o: options.Remote}
			err = t.run(c.Context(), hosts)
			flags.show(t.result, func() {})
			return err
		},
	}
	flags.bind(c)
	for _, useless := range []string{"host-key", "ask-sudo-password"} {
		_ = c.Flags().MarkHidden(useless)
	}
	c.Flags().BoolVar(&yes, "yes", false, "record the keys without asking")
	return c
}

// trust is one invocation of hosts trust.
type trust struct {
	app    *app
	flags  *clusterFlags
	yes    bool
	o      remote.Options
	result trustResult
}

// trustResult is the result in the document of hosts trust.
type trustResult struct {
	Recorded int         `json:"recorded"` // keys that were written to known_hosts
	Keys     []hostKeyOf `json:"keys"`
}

// hostKeyOf is the key that a host showed.
type hostKeyOf struct {
	Host        string `json:"host"`
	Jump        bool   `json:"jump,omitempty"`        // it is a jump host
	Name        string `json:"name"`                  // the host in known_hosts
	Type        string `json:"type,omitempty"`        // such as ssh-ed25519
	Fingerprint string `json:"fingerprint,omitempty"` // SHA256:…
	Status      string `json:"status"`                // known, new, changed, refused, unreachable, behind
	Error       string `json:"error,omitempty"`
}

// run looks at the hosts and records what is new. What stands behind a jump host can only be seen when the jump host's key is
// known, so there is a round for each jump host in a row.
func (t *trust) run(ctx context.Context, hosts []inventory.Host) error {
	for {
		found := remote.Survey(ctx, hosts, t.o)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fresh, behind := t.print(found)
		if len(fresh) > 0 {
			if err := t.confirm(ctx, len(fresh)); err != nil {
				return err
			}
			if err := t.record(fresh); err != nil {
				return err
			}
			if behind {
				continue
			}
		}
		return t.outcome(found, len(fresh))
	}
}

// print shows what was found, and returns the new ones.
func (t *trust) print(found []remote.Sighting) (fresh []remote.Sighting, behind bool) {
	t.result.Keys = nil
	for _, s := range found {
		k := hostKeyOf{Host: s.Host, Jump: s.Jump, Name: s.Name, Status: status(s)}
		if s.Key != nil {
			k.Type, k.Fingerprint = s.Key.Type(), ssh.FingerprintSHA256(s.Key)
		}
		if s.Err != nil && !s.New() {
			k.Error = s.Err.Error()
		}
		t.result.Keys = append(t.result.Keys, k)
		if s.New() {
			fresh = append(fresh, s)
		}
		behind = behind || s.Behind != ""
	}
	if t.flags.output == jsonOutput {
		return fresh, behind
	}
	table(t.app.stdout, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tNAME\tSTATUS\tKEY\tFINGERPRINT")
		for _, k := range t.result.Keys {
			host := k.Host
			if k.Jump {
				host += " (jump host)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", host, k.Name, k.Status, orDash(k.Type), orDash(k.Fingerprint))
		}
	})
	return fresh, behind
}

// status is one word about a key.
func status(s remote.Sighting) string {
	switch code := fault.Of(s.Err); {
	case s.Err == nil:
		return "known"
	case s.New():
		return "new"
	case s.Behind != "":
		return "behind"
	case code == fault.HostKeyChanged:
		return "changed"
	case code == fault.HostKeyRevoked || code == fault.HostKeyPinned || code == fault.KnownHosts:
		return "refused"
	}
	return "unreachable"
}

// confirm asks, unless the answer was given on the command line.
func (t *trust) confirm(ctx context.Context, n int) error {
	switch {
	case t.yes:
		return nil
	case t.o.Ask == nil:
		return exitError{exitUsage, fmt.Errorf("%s not known: compare the fingerprints, then give --yes to record them", keys(n, "is", "are"))}
	}
	ok, err := t.o.Ask.Confirm(ctx, fmt.Sprintf("Record %s?", keys(n, "", "")))
	if err != nil {
		return err
	}
	if !ok {
		return exitError{exitUsage, errors.New("nothing was recorded")}
	}
	return nil
}

func keys(n int, one, many string) string {
	if n == 1 {
		return strings.TrimSpace("1 key " + one)
	}
	return strings.TrimSpace(fmt.Sprintf("%d keys %s", n, many))
}

// record writes the keys.
func (t *trust) record(fresh []remote.Sighting) error {
	var failed provision.Failures
	for _, s := range fresh {
		if err := s.Record(); err != nil {
			failed = append(failed, provision.Failure{Host: s.Host, Component: "trust", Err: err})
			continue
		}
		t.result.Recorded++
	}
	if len(failed) > 0 {
		return failed
	}
	return nil
}

// outcome is the error of those that were not seen, or that are not what they were.
func (t *trust) outcome(found []remote.Sighting, fresh int) error {
	var failed provision.Failures
	for _, s := range found {
		if s.Err != nil && !s.New() && s.Behind == "" {
			failed = append(failed, provision.Failure{Host: s.Host, Component: "trust", Err: s.Err})
		}
	}
	if len(failed) > 0 {
		return failed
	}
	if t.flags.output != jsonOutput && t.result.Recorded == 0 && fresh == 0 {
		fmt.Fprintf(t.app.stdout, "every key is known\n")
	}
	return nil
}
