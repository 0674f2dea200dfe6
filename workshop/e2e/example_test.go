//go:build e2e && hosts

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// tell runs the commands of an example, which are in the blocks "console" of its README, and
// compares what each prints with what stands below it; "…" stands for anything. In the example the
// cluster has a name, and here it is the lab's. A user has ssh to the hosts and kubectl; what
// stands for them goes through the lab.
func (l *lab) tell(dir, cluster string) {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		l.fatalf("%v", err)
	}
	bin := l.userPrograms()
	blocks := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllSubmatch(text, -1)
	if blocks == nil {
		l.fatalf("%s has no commands", dir)
	}
	for _, block := range blocks {
		for _, part := range strings.Split("\n"+string(block[1]), "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			shell := strings.ReplaceAll(command, ".kbootstrap/"+cluster+"/",
				filepath.Join(l.dir, ".kbootstrap", filepath.Base(l.dir))+"/")
			got := l.types(dir, bin, shell)
			if !matches(want, got) {
				l.fatalf("%s\nprints\n%s\nand the example says\n%s", command, got, want)
			}
		}
	}
}

// matches compares an output with what is told of it.
func matches(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), "…", "(?s:.*)")
	return regexp.MustCompile("^" + pattern + "$").MatchString(strings.TrimSpace(got))
}

// types runs a command line as a user would type it, and returns what it prints.
func (l *lab) types(dir, bin, command string) string {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", command)
	c.Dir, c.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, _ := c.CombinedOutput() // what it prints tells of a failure
	return string(out)
}

// userPrograms is a directory with an ssh and a kubectl for the hosts of the lab.
func (l *lab) userPrograms() string {
	l.t.Helper()
	bin := l.t.TempDir()
	run := fmt.Sprintf("exec '%s' exec --dir '%s'", l.kblab, l.dir)
	for name, script := range map[string]string{
		"ssh": `host=$1; shift; ` + run + ` "$host" -- "$@"`,
		"kubectl": `if [ "$2" = -f ]; then ` + run + ` cp1 -- kubectl "$1" -f - <"$3"; fi; ` + run +
			` cp1 -- kubectl "$@"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			l.fatalf("%v", err)
		}
	}
	return bin
}
