// Package clitest holds each of our programs to the same rules: its examples work, its verbs are
// described, and its pages in docs/cli are those that it writes. Only tests import this package.
package clitest

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"kbootstrap/internal/golden"
)

// Examples parses each example of the program that a command's help shows: it names that command,
// or another, with flags that exist and arguments that it takes. It returns how many there are.
func Examples(t *testing.T, newRoot func() *cobra.Command) int {
	t.Helper()
	examples := 0
	each(newRoot(), func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			examples += Line(t, newRoot, c.CommandPath(), line)
		}
	})
	return examples
}

// Line parses the calls of the program in a line that people type, and returns how many there are.
// What a shell does with words (quotes, variables) is left alone.
func Line(t *testing.T, newRoot func() *cobra.Command, where, line string) int {
	t.Helper()
	calls := 0
	line, _, _ = strings.Cut(" "+line, " #")
	for _, part := range separators.Split(line, -1) {
		words := strings.Fields(part)
		for len(words) > 0 && assignment.MatchString(words[0]) {
			words = words[1:]
		}
		root := newRoot() // flags keep what was parsed
		if len(words) == 0 || words[0] != root.Name() {
			continue
		}
		calls++
		if err := parse(root, words[1:]); err != nil {
			t.Errorf("%s: %s: %v", where, strings.TrimSpace(line), err)
		}
	}
	return calls
}

var (
	separators = regexp.MustCompile(`&&|\|\||[|;<>]|&$`)
	assignment = regexp.MustCompile(`^[A-Z_]+=`)
)

// parse checks the words behind the name of the program against its commands.
func parse(root *cobra.Command, words []string) error {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(words...)
	cmd, args, err := root.Find(words)
	if err != nil {
		return err
	}
	if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		return nil
	}
	cmd.InitDefaultVersionFlag()
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// Described checks that each command that people see says in short what it does, and refuses
// arguments that it does not take. isUsage reports whether an error is one of usage.
func Described(t *testing.T, root *cobra.Command, isUsage func(error) bool) {
	t.Helper()
	each(root, func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short %q", c.CommandPath(), c.Short)
		}
		if c.Args == nil {
			t.Errorf("%s takes any arguments", c.CommandPath())
		} else if err := c.ValidateArgs(strings.Fields("a b c d e f g")); err != nil && !isUsage(err) {
			t.Errorf("%s: too many arguments are no usage error: %v", c.CommandPath(), err)
		}
	})
}

// Pages checks that the program's pages in a directory are those that its gen-docs writes, which
// run executes. It returns the pages by name.
func Pages(t *testing.T, program, dir string, run func(args ...string) error) map[string]string {
	t.Helper()
	written := t.TempDir()
	if err := run("gen-docs", written); err != nil {
		t.Fatalf("gen-docs: %v", err)
	}
	if golden.Update() {
		if err := run("gen-docs", dir); err != nil {
			t.Fatalf("gen-docs: %v", err)
		}
	}
	pages := ReadPages(t, written)
	ours := ReadPages(t, dir)
	maps.DeleteFunc(ours, func(name, _ string) bool { return !strings.HasPrefix(name, program) })
	if diff := cmp.Diff(ours, pages); diff != "" {
		t.Errorf("%s is out of step with the commands; go test ./cmd/%s -run Docs -update\n%s", dir, program, diff)
	}
	return pages
}

// ReadPages returns the text of each file in a directory by its name.
func ReadPages(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[e.Name()] = string(text)
	}
	return pages
}

// each visits a command and all below it.
func each(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, below := range c.Commands() {
		each(below, visit)
	}
}
