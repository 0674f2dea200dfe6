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
	bin := l.userPrograms(dir)
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

// unpack copies files of a directory of this machine into one of a host.
func (l *lab) unpack(from string, names []string, host, to string) {
	l.t.Helper()
	packed := l.runs(time.Minute, "tar", append([]string{"-C", from, "-c"}, names...)...)
	if packed.code != 0 {
		l.fatalf("%s cannot be packed: %s", from, packed.stderr)
	}
	l.input(strings.NewReader(packed.stdout), host, "tar", "--keep-directory-symlink", "-C", to, "-x")
}

// userPrograms is a directory with an ssh, a kubectl and a curl for the hosts of the lab, of which
// the last two run on the first control plane: kubectl next to the files of an example. A host that
// is told to reboot goes off and on.
func (l *lab) userPrograms(dir string) string {
	l.t.Helper()
	there := "/root/" + filepath.Base(dir)
	l.exec("cp1", "mkdir", "-p", there)
	l.unpack(dir, []string{"."}, "cp1", there)
	bin := l.t.TempDir()
	lab := func(verb string) string { return fmt.Sprintf("'%s' %s --dir '%s'", l.kblab, verb, l.dir) }
	for name, script := range map[string]string{
		"ssh": `host=$1; shift; if [ "$1" = reboot ]; then ` + lab("stop") + ` "$host" && exec ` + lab("start") +
			` "$host"; fi; exec ` + lab("exec") + ` "$host" -- "$@"`,
		"kubectl": "exec " + lab("exec") + ` cp1 -- sh -c 'cd ` + there + ` && exec kubectl "$@"' kubectl "$@"`,
		"curl":    "exec " + lab("exec") + ` cp1 -- curl "$@"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			l.fatalf("%v", err)
		}
	}
	return bin
}
