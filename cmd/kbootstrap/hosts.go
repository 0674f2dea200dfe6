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
	"kbootstrap/inventory"
	"kbootstrap/provision/plan"
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
		Long: `Show the fingerprints of the keys of all hosts in the inventory, or of the hosts that you name, and of
the jump hosts on the way to them. After a yes, or with --yes, the keys that are not known yet are
recorded in known_hosts. Compare them first with what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
prints on the console of each host.

The command logs in to no host except jump hosts whose keys are known. A key that has changed is never
recorded.`,
		Example: `  kbootstrap hosts trust -i hosts.yaml
  kbootstrap hosts trust -i hosts.yaml w3 --yes`,
		Args: cli.Args(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, names []string) error {
			cluster, err := flags.load()
			if err != nil {
				return err
			}
			hosts, err := namedHosts(cluster, names)
			if err != nil {
				return err
			}
			options, stop := flags.options(c.Context())
			defer stop()
			return a.trust(c.Context(), flags, hosts, yes, options.Remote)
		},
	}
	flags.bind(c)
	for _, useless := range []string{"host-key", "ask-sudo-password"} {
		_ = c.Flags().MarkHidden(useless)
	}
	c.Flags().BoolVar(&yes, "yes", false, "record the keys without asking")
	return c
}

// namedHosts are the hosts with the names, or all hosts if there are no names.
func namedHosts(cluster *inventory.Cluster, names []string) ([]inventory.Host, error) {
	if len(names) == 0 {
		return cluster.Hosts, nil
	}
	var hosts []inventory.Host
	for _, name := range names {
		h, ok := cluster.Host(name)
		if !ok {
			return nil, cli.UsageError{Err: unknownHost{name, cluster}}
		}
		hosts = append(hosts, h)
	}
	return hosts, nil
}

// trustResult is the result in the document of hosts trust.
type trustResult struct {
	Recorded int       `json:"recorded"` // keys that were written to known_hosts
	Keys     []hostKey `json:"keys"`
}

// hostKey is the key that a host showed.
type hostKey struct {
	Host        string `json:"host"`
	Jump        bool   `json:"jump,omitempty"`        // it is a jump host
	Name        string `json:"name"`                  // the host in known_hosts
	Type        string `json:"type,omitempty"`        // such as ssh-ed25519
	Fingerprint string `json:"fingerprint,omitempty"` // SHA256:…
	Status      string `json:"status"`                // known, new, changed, refused, unreachable, behind
	Error       string `json:"error,omitempty"`
}

// trust records the keys of the hosts, and shows them.
func (a *app) trust(
	ctx context.Context, flags *clusterFlags, hosts []inventory.Host, yes bool, o remote.Options,
) error {
	var result trustResult
	show := func(found []remote.Sighting) {
		result.Keys = hostKeys(found)
		if flags.output != jsonOutput {
			printKeys(a.stdout, result.Keys)
		}
	}
	t := remote.Trust{Options: o, Show: show, Confirm: func(ctx context.Context, n int) error {
		return confirmKeys(ctx, n, yes, o.Ask)
	}}
	failed, err := t.Record(ctx, hosts)
	result.Recorded = t.Recorded
	flags.show(result, func() {
		if err == nil && len(failed) == 0 && t.Recorded == 0 {
			fmt.Fprintln(a.stdout, "every key is known")
		}
	})
	if err != nil || len(failed) == 0 {
		return err
	}
	var failures plan.Failures
	for _, s := range failed {
		failures = append(failures, plan.Failure{Host: s.Host, Component: "trust", Err: s.Err})
	}
	return failures
}

// hostKeys describes the keys that were seen.
func hostKeys(found []remote.Sighting) []hostKey {
	var keys []hostKey
	for _, s := range found {
		k := hostKey{Host: s.Host, Jump: s.Jump, Name: s.Name, Status: s.Status()}
		if s.Key != nil {
			k.Type, k.Fingerprint = s.Key.Type(), ssh.FingerprintSHA256(s.Key)
		}
		if s.Err != nil && !s.New() {
			k.Error = s.Err.Error()
		}
		keys = append(keys, k)
	}
	return keys
}

// printKeys prints a table of keys.
func printKeys(w io.Writer, keys []hostKey) {
	table(w, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tNAME\tSTATUS\tKEY\tFINGERPRINT")
		for _, k := range keys {
			host := k.Host
			if k.Jump {
				host += " (jump host)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", host, k.Name, k.Status, orDash(k.Type), orDash(k.Fingerprint))
		}
	})
}

// confirmKeys asks whether n keys may be recorded, unless the answer was given on the command line.
// Any other answer than a yes is an error.
func confirmKeys(ctx context.Context, n int, yes bool, person remote.Asker) error {
	switch {
	case yes:
		return nil
	case person == nil:
		const format = "%s not known: compare the fingerprints, then give --yes to record them"
		return cli.UsageError{Err: fmt.Errorf(format, countKeys(n, "is", "are"))}
	}
	ok, err := person.Confirm(ctx, fmt.Sprintf("Record %s?", countKeys(n, "", "")))
	if err != nil {
		return err
	}
	if !ok {
		return cli.UsageError{Err: errors.New("nothing was recorded")}
	}
	return nil
}

// countKeys is a number of keys, followed by the form of the verb.
func countKeys(n int, one, many string) string {
	if n == 1 {
		return strings.TrimSpace("1 key " + one)
	}
	return strings.TrimSpace(fmt.Sprintf("%d keys %s", n, many))
}
