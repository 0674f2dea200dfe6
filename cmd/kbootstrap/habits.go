package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kbootstrap/cmd/internal/cli"
)

// A habit is a flag that users of other tools type, such as terraform, kubectl, ansible and
// kubeadm, and what does the same here.
type habit struct {
	typed []string // "--yes", "-y"
	// ours are flags that do it; the first that the command has is offered.
	ours []string
	// instead says how it is done where the command has none of these.
	instead string
}

// habits is what is said about flags that a command does not have.
var habits = []habit{
	{[]string{"--yes", "-y", "--auto-approve", "--assume-yes", "--no-confirm", "--non-interactive"},
		[]string{"confirm", "yes"}, "this command asks no such question: leave the flag out"},
	{[]string{"--force"}, []string{"force", "ignore-preflight"},
		"nothing is forced: where something is refused, the message says what to do instead"},
	{[]string{"-f", "--file", "--filename", "--config", "-c", "--inventory-file", "--hosts"}, []string{"inventory"},
		"this command reads no inventory"},
	{[]string{"--dry-run", "-n", "--check", "--diff", "--what-if", "--noop"}, []string{"dry-run"},
		"`kbootstrap plan` shows what `up` would do; `upgrade`, `reset` and `certs rotate-ca` have --dry-run"},
	{[]string{"-n", "--namespace", "-A", "--all-namespaces"}, []string{"namespace"},
		"namespaces are for kubectl, and for `kbootstrap logs --namespace`"},
	{[]string{"--kubeconfig", "--context", "--cluster", "--server", "-s"}, []string{"server", "inventory"},
		"hosts are reached over SSH, as the inventory says; `kbootstrap kubeconfig` prints a kubeconfig"},
	{[]string{"-l", "--hosts", "--host", "--node", "--nodes", "--target", "-t"}, []string{"limit", "host"},
		"name the hosts without a flag, where the command takes some"},
	{[]string{"-t", "--tags", "--component", "--components"}, []string{"only"},
		"`plan` and `up` take --only, with the names of components"},
	{[]string{"--debug", "--trace", "--log-level", "-d"}, []string{"verbose"},
		"the log of a run has everything: its path is printed at the end"},
	{[]string{"--json", "--yaml", "--format"}, []string{"output"}, "this command prints text only"},
	{[]string{"-u", "--user", "--remote-user", "--ssh-user"}, nil,
		"write it into the inventory: `ssh: {user: NAME}`, for all hosts or below one"},
	{[]string{"--private-key", "--ssh-key", "--key", "--key-file", "--identity-file"}, nil,
		"write it into the inventory: `ssh: {key: FILE}`, for all hosts or below one"},
	{[]string{"-b", "--become", "--sudo", "--ask-become-pass", "--ask-pass", "-k"}, []string{"ask-sudo-password"},
		"sudo is used where the user of the inventory is not root"},
	{[]string{"-p", "--port", "--ssh-port"}, nil,
		"write it into the inventory: `ssh: {port: NUMBER}`, for all hosts or below one"},
	{[]string{"-J", "--jump", "--bastion", "--ssh-common-args"}, nil,
		"write it into the inventory: `ssh: {jump: USER@HOST}`; ProxyJump of ~/.ssh/config is obeyed too"},
	{[]string{"--kubernetes-version", "--k8s-version", "--kubernetes"}, nil,
		"write it into the inventory: `kubernetes: VERSION`"},
	{[]string{"--pod-network-cidr", "--service-cidr", "--cluster-cidr", "--apiserver-advertise-address"}, nil,
		"write it into the inventory: `network: {pods: CIDR, services: CIDR}`, and the address of each host"},
	{[]string{"--parallelism", "--concurrency", "--forks", "--batch-size"}, []string{"max-unavailable"},
		"all hosts are worked on at once, as far as one need not wait for another"},
	{[]string{"-w", "--wait", "--no-wait", "--timeout"}, []string{"wait", "lock-timeout"},
		"a command that changes hosts ends when all is ready; each wait has a deadline of its own"},
	{[]string{"--ignore-preflight-errors", "--skip-preflight", "--skip-checks", "--skip-phases"},
		[]string{"ignore-preflight"}, "this command makes no preflight checks"},
	{[]string{"--offline", "--air-gap", "--airgap"}, []string{"bundle"},
		"`kbootstrap bundle create` makes a bundle, and `up --bundle FILE` uses it"},
	{[]string{"--max-fail-percentage", "--continue-on-error", "--keep-going"}, []string{"max-failures"},
		"`up` takes --max-failures"},
}

// answerHabit is the error of a flag, which offers what does here what the flag does elsewhere.
func answerHabit(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return cli.FlagError(cmd, err)
	}
	typed := "--" + unknown.GetSpecifiedName()
	if unknown.GetSpecifiedShortnames() != "" {
		typed = "-" + unknown.GetSpecifiedName()
	}
	hint := habitHint(cmd, typed)
	if hint == "" {
		return cli.FlagError(cmd, err)
	}
	return cli.Hinted(cli.UsageError{Err: err}, hint)
}

// habitHint is what does here what a flag does elsewhere, or "".
func habitHint(cmd *cobra.Command, typed string) string {
	instead := ""
	for _, h := range habits {
		if !slices.Contains(h.typed, typed) {
			continue
		}
		for _, name := range h.ours {
			if f := cmd.Flags().Lookup(name); f != nil && !f.Hidden {
				return fmt.Sprintf("%q has %s for it: %s", cmd.CommandPath(), flagSyntax(f), f.Usage)
			}
		}
		if instead == "" {
			instead = h.instead
		} else {
			instead += "; " + h.instead
		}
	}
	return instead
}

// flagSyntax is how a flag is typed: "-i FILE, --inventory".
func flagSyntax(f *pflag.Flag) string {
	syntax := "--" + f.Name
	if f.Shorthand != "" {
		syntax = "-" + f.Shorthand + ", " + syntax
	}
	if f.Value.Type() != "bool" {
		syntax += " " + strings.ToUpper(map[string]string{"inventory": "file", "confirm": "name"}[f.Name])
	}
	return strings.TrimSpace(syntax)
}

// otherVerbs are the names that other tools give to what a command does.
var otherVerbs = map[string][]string{
	"init":        {"create-config", "new", "generate"},
	"preflight":   {"check", "doctor", "ping"},
	"plan":        {"diff", "dry-run", "preview"},
	"up":          {"apply", "deploy", "install", "create", "start", "converge"},
	"upgrade":     {"update"},
	"add-node":    {"join", "add", "scale", "scale-up"},
	"remove-node": {"drain", "remove", "delete-node"},
	"reset":       {"destroy", "delete", "down", "uninstall", "teardown", "rm"},
	"status":      {"get", "nodes", "health", "info"},
	"kubeconfig":  {"config", "login"},
	"artifacts":   {"download", "pull", "images"},
	"timeline":    {"history", "runs"},
	"backup":      {"snapshot", "etcd-backup"},
}

// nameOtherVerbs has the commands answer to the names that other tools give to what they do.
func nameOtherVerbs(root *cobra.Command) {
	for _, c := range root.Commands() {
		c.SuggestFor = append(c.SuggestFor, otherVerbs[c.Name()]...)
	}
}
