// Command mutate tests the tests: it takes one safety measure at a time out of a copy of the
// sources, runs the tests that must notice, and reports each mutation as killed or survived. Run it
// from the root of the repository: go run ./workshop/mutate. It exits with 1 when one survives, and
// when one no longer fits the sources. The list is in mutations.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	only := flag.String("run", "", "a regular expression: only the mutations whose descriptions match")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	survived, err := mutate(ctx, *only)
	if err == nil && survived > 0 {
		err = fmt.Errorf("%d mutations survived: no test notices them", survived)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		cancel()
		os.Exit(1)
	}
}

func mutate(ctx context.Context, only string) (survived int, err error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	for _, m := range mutations {
		if _, err := m.applied("."); err != nil {
			return 0, err // before minutes are spent
		}
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := copySources(dir); err != nil {
		return 0, err
	}
	// Tests that fail anyway would kill everything.
	control := (mutation{}).command(ctx, dir, "test", "-count=1", "-timeout=30m", "-run="+everything, "./resource",
		"-crash-one-of=1")
	if out, err := control.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("without a mutation: %w\n%s", err, out)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, m := range mutations {
		if !match.MatchString(m.what) {
			continue
		}
		begin := time.Now()
		killed, err := m.try(ctx, dir)
		if err != nil {
			return survived, fmt.Errorf("%s: %w", m.what, err)
		}
		result := "killed"
		if !killed {
			result = "SURVIVED"
			survived++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.0f s\n", result, m.what, m.file, time.Since(begin).Seconds())
		if err := w.Flush(); err != nil {
			return survived, err
		}
	}
	return survived, nil
}

// copySources copies what the module is built and tested from.
func copySources(to string) error {
	return filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == ".git" || path == "bin"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), text, 0o644)
	})
}

// applied is the mutated text of the file. The text to be replaced must be there exactly once: a
// mutation that no longer fits would say nothing.
func (m mutation) applied(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, m.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("%s: %s: the text to be replaced is there %d times, not once:\n%s", m.what, m.file, n,
			m.old)
	}
	return strings.Replace(string(text), m.old, m.with, 1), nil
}

// try mutates the copy, runs the tests, and puts the copy back.
func (m mutation) try(ctx context.Context, dir string) (killed bool, err error) {
	path := filepath.Join(dir, m.file)
	whole, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	mutated, err := m.applied(dir)
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(path, []byte(mutated), 0o644); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, whole, 0o644)) }()
	pkg := "./" + filepath.Dir(m.file)
	if out, err := m.command(ctx, dir, "vet", pkg).CombinedOutput(); err != nil {
		return false, fmt.Errorf("it does not build: %w\n%s", err, out) // a mutant must fail by what it does
	}
	err = m.command(ctx, dir, "test", "-count=1", "-failfast", "-timeout=20m", "-run="+m.tests, "./resource",
		"-crash-one-of=1").Run()
	var failed *exec.ExitError
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil && !errors.As(err, &failed) {
		return false, err
	}
	return err != nil, nil
}

func (m mutation) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	return cmd
}
