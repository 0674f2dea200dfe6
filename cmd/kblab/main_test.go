package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/cmd/internal/cli/clitest"
	"kbootstrap/fault"
)

// TestUsage: what comes of command lines that reach no lab, and their exit codes.
func TestUsage(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, test := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"", cli.ExitOK, "Commands:", ""},
		{"--version", cli.ExitOK, "kblab version dev", ""},
		{"dwon", cli.ExitUsage, "", "did you mean down?"},
		{"up --nonsense", cli.ExitUsage, "", "error[KB1101]: unknown flag: --nonsense\n"},
		{"down more", cli.ExitUsage, "", "error[KB1101]: "},
		{"ls -o yaml", cli.ExitUsage, "", `unknown output "yaml", want json`},
		{"artifacts --kubernetes v1.2.3 --mirror " + none, cli.ExitUsage, "", "error[KB1101]: artifacts: "},
		{"ls --dir " + none, cli.ExitFailure, "", fmt.Sprintf("error[%s]: %s: ", fault.LabRefused, none)},
		{"exec cp1 true --dir " + none, cli.ExitFailure, "", "  hint: boot one: kblab up --dir " + none + "\n"},
		{"kill cp1 --dir " + none, cli.ExitFailure, "", "  explain: kbootstrap explain KB1105\n"},
	} {
		var stdout, stderr strings.Builder
		s := cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr}
		code := run(t.Context(), s, strings.Fields(test.args))
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) ||
			!strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("kblab %s: code %d, want %d\n%s%s", test.args, code, test.code, stdout.String(), stderr.String())
		}
	}
}

// TestInterrupted: a verb that was interrupted has a code of its own, and says only that.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr strings.Builder
	s := cli.Streams{In: strings.NewReader(""), Out: &strings.Builder{}, Err: &stderr}
	code := run(ctx, s, []string{"artifacts", "--mirror", t.TempDir()})
	if code != cli.ExitInterrupted ||
		!strings.HasSuffix(stderr.String(), "kblab: interrupted; run the same command again to finish\n") {
		t.Errorf("code %d: %s", code, stderr.String())
	}
}

// TestExamples parses each example that a command's help shows.
func TestExamples(t *testing.T) {
	if n := clitest.Examples(t, func() *cobra.Command { return newRoot(cli.Streams{}) }); n < 1 {
		t.Error("no examples were found")
	}
}

// TestEveryCommandIsDescribed: a command that people see says in short what it does, and refuses
// what it does not take.
func TestEveryCommandIsDescribed(t *testing.T) {
	clitest.Described(t, newRoot(cli.Streams{}), func(err error) bool { return cli.ExitCode(err) == cli.ExitUsage })
}

// TestHelp: a help fits on a terminal, and begins with examples.
func TestHelp(t *testing.T) { clitest.Help(t, newRoot(cli.Streams{})) }

// TestDocsCLI keeps docs/cli in step with the commands.
func TestDocsCLI(t *testing.T) {
	pages := clitest.Pages(t, "kblab", filepath.Join("..", "..", "docs", "cli"), func(args ...string) error {
		var stderr strings.Builder
		s := cli.Streams{In: strings.NewReader(""), Out: &strings.Builder{}, Err: &stderr}
		if code := run(context.Background(), s, args); code != cli.ExitOK {
			return fmt.Errorf("exit code %d: %s", code, stderr.String())
		}
		return nil
	})
	if pages["kblab_up.md"] == "" || pages["kblab_gen-docs.md"] != "" {
		t.Errorf("gen-docs wrote %d pages", len(pages))
	}
}
