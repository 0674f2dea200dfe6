package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestHabits: a flag that users of other tools type is answered with the flag of ours that does
// that, or with how it is done here.
func TestHabits(t *testing.T) {
	for _, test := range []struct{ typed, hint string }{
		{"up --yes", "this command asks no such question"},
		{"up -y", "this command asks no such question"},
		{"up --auto-approve", "this command asks no such question"},
		{"reset --yes", `"kbootstrap reset" has --confirm NAME for it`},
		{"certs rotate-ca kubernetes -y", `"kbootstrap certs rotate-ca" has --yes for it`},
		{"up --force", `"kbootstrap up" has --ignore-preflight for it`},
		{"status --force", "nothing is forced"},
		{"up -f hosts.yaml", `"kbootstrap up" has -i, --inventory FILE for it`},
		{"status -f hosts.yaml", `"kbootstrap status" has -i, --inventory FILE for it: the inventory file`},
		{"up --filename hosts.yaml", `"kbootstrap up" has -i, --inventory FILE for it: the inventory file`},
		{"up --dry-run", "`kbootstrap plan` shows what `up` would do"},
		{"up -n", "`kbootstrap plan` shows what `up` would do"},
		{"status -n kube-system", "`kbootstrap plan` shows what `up` would do; " +
			"`upgrade`, `reset` and `certs rotate-ca` have --dry-run; " +
			"namespaces are for kubectl, and for `kbootstrap logs --namespace`"},
		{"status --kubeconfig x", `"kbootstrap status" has -i, --inventory FILE for it`},
		{"up -l w1", `"kbootstrap up" has --limit for it`},
		{"up --tags etcd", `"kbootstrap up" has --only for it`},
		{"preflight --private-key k", "write it into the inventory: `ssh: {key: FILE}`"},
		{"up --debug", `"kbootstrap up" has -v, --verbose for it`},
		{"plan --nonsense", `"kbootstrap plan --help" has examples`},
		{"up --inventroy x", `did you mean "--inventory"?`},
		{"apply", "did you mean up?"},
		{"destroy", "did you mean reset?"},
		{"join", "did you mean add-node?"},
	} {
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
		if code := a.run(context.Background(), strings.Fields(test.typed)); code != exitUsage {
			t.Errorf("%s: exit %d", test.typed, code)
		}
		if !strings.Contains(stderr.String(), "hint: "+test.hint) {
			t.Errorf("%s: no hint %q in\n%s", test.typed, test.hint, &stderr)
		}
	}
}

// TestHabitsAreOfOurs: each flag and each command that the tables offer exists.
func TestHabitsAreOfOurs(t *testing.T) {
	flags, verbs := map[string]bool{}, map[string]bool{}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	root := (&app{}).root()
	visit(root)
	for _, c := range root.Commands() {
		verbs[c.Name()] = true
	}
	for _, h := range habits {
		for _, name := range h.ours {
			if !flags[name] {
				t.Errorf("%v: no command has --%s", h.typed, name)
			}
		}
	}
	for verb, others := range otherVerbs {
		if !verbs[verb] {
			t.Errorf("there is no command %s", verb)
		}
		if i := slices.IndexFunc(others, func(other string) bool { return verbs[other] }); i >= 0 {
			t.Errorf("%s is a command, and no other word for %s", others[i], verb)
		}
	}
}
