//go:build e2e && hosts && keep

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKeepOperations types what docs/operations.md shows, in the order of the page: each line of a
// block of commands is run, in the directory of a cluster that is as the section before it says.
func TestKeepOperations(t *testing.T) {
	l := newLab(t, "demo", "--control-planes", "1", "--workers", "0")
	key := l.recipient()
	l.schedules("  schedule: \"02:30\"\n  keep: 14\n")
	hosts, backups, _ := strings.Cut(l.read(), "backup:\n")
	l.rewrite(strings.Replace(hosts, "hosts:\n", "backup:\n"+backups+"hosts:\n", 1)) // hosts come at the end
	l.up()
	for _, name := range []string{"cp2", "cp3", "w2"} {
		l.mustLab(5*time.Minute, "add", "--spare", "--name", name)
	}
	before := map[string]func(line string){
		"kbootstrap restore ": func(line string) {
			if strings.Contains(line, "--keys") {
				l.loseState("lost")
			}
			l.loseEtcd("cp1")
		},
		"scp root@cp1:":               func(string) { l.exec("cp1", "systemctl", "start", "kbootstrap-backup") },
		"kbootstrap add-node cp2 cp3": func(string) { l.joinPlanes("cp2", "cp3") },
		"kbootstrap add-node w2":      func(string) { l.join("w2") },
		"kbootstrap replace-node cp3": func(string) {
			l.leaves("w2")
			l.reinstall("cp3")
			l.gone("cp3")
		},
		"kbootstrap recover": func(string) {
			for _, name := range []string{"cp2", "cp3"} {
				l.reinstall(name)
			}
		},
	}
	typed := commandsOf(t, "docs/operations.md")
	for _, line := range typed {
		for begins, prepare := range before {
			if strings.HasPrefix(line, begins) {
				prepare(line)
			}
		}
		if line == "kbootstrap status" {
			l.heals() // it tells of the moment, and a busy machine may have a bad one
			continue
		}
		l.typeLine(line, key)
	}
	for begins := range before {
		if !strings.Contains("\n"+strings.Join(typed, "\n"), "\n"+begins) {
			t.Errorf("no line of the page begins with %q", begins)
		}
	}
	l.ready(3, 3*time.Minute)
	l.voters(3)
	l.heals()
}

// commandsOf are the lines of the blocks of commands of a page. What is typed is a call of the
// tool, or copies what a host has made.
func commandsOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	fenced := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced && strings.HasPrefix(line, "    ") {
			line = strings.TrimSpace(line)
			if !strings.HasPrefix(line, "kbootstrap ") && !strings.HasPrefix(line, "scp ") {
				t.Errorf("%s: %q is no call of the tool, and is not run", page, line)
			}
			lines = append(lines, line)
		}
	}
	if len(lines) < 13 {
		t.Fatalf("%s has %d lines to type", page, len(lines))
	}
	return lines
}

// typeLine runs a line as a user does who stands in the directory of the cluster, and knows where
// the backup and the key are.
func (l *lab) typeLine(line, key string) {
	l.t.Helper()
	arguments := strings.Fields(line)[1:]
	if strings.HasPrefix(line, "scp ") {
		l.copySet(arguments[0])
		return
	}
	backups, err := filepath.Glob(filepath.Join(l.dir, ".kbootstrap/*/backups/*"))
	if err != nil {
		l.fatalf("%v", err)
	}
	opens, identified := false, false
	for i, a := range arguments {
		switch {
		case a == "FILE" && backups != nil:
			arguments[i] = backups[len(backups)-1]
		case a == "~/.ssh/id_ed25519":
			arguments[i], identified = key, true
		case i > 0 && arguments[i-1] == "--keys":
			l.rename(filepath.Join(l.dir, "lost/backups"), a)
		}
		opens = opens || a == "restore" || a == "verify"
	}
	if opens && !identified {
		arguments = append(arguments, "--identity", key) // without it the user's own is tried
	}
	if arguments[0] == "restore" {
		arguments = append(arguments, "--confirm", "demo") // no person is there to be asked
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Minute)
	defer cancel()
	begin := time.Now()
	var out bytes.Buffer
	command := exec.CommandContext(ctx, l.program, arguments...)
	command.Dir, command.Stdout, command.Stderr = l.dir, &out, &out
	if err := command.Run(); err != nil {
		l.fatalf("%s: %v\n%s", line, err, &out)
	}
	l.t.Logf("%s took %.1f s", line, time.Since(begin).Seconds())
}

// copySet copies the newest set of a host, from where the page says that sets are, to the name that
// the page gives it.
func (l *lab) copySet(from string) {
	l.t.Helper()
	login, path, _ := strings.Cut(from, ":")
	_, host, _ := strings.Cut(login, "@")
	dir := filepath.Dir(path)
	names := strings.Fields(l.exec(host, "sh", "-c", "cd "+dir+" && ls *.kbackup"))
	set := l.exec(host, "cat", filepath.Join(dir, names[len(names)-1]))
	if err := os.WriteFile(filepath.Join(l.dir, filepath.Base(path)), []byte(set), 0o600); err != nil {
		l.fatalf("%v", err)
	}
}

// rename gives the only backup of a directory the name that the page gives it, in the directory of
// the cluster.
func (l *lab) rename(dir, name string) {
	l.t.Helper()
	backups, err := filepath.Glob(filepath.Join(dir, "*"))
	if err == nil && len(backups) != 1 {
		err = fmt.Errorf("%s has the backups %q", dir, backups)
	}
	if err == nil {
		err = os.Rename(backups[0], filepath.Join(l.dir, name))
	}
	if err != nil {
		l.fatalf("%v", err)
	}
}

// read is the inventory.
func (l *lab) read() string {
	l.t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	return string(text)
}

// leaves takes the lines of the last host out of the inventory, as a user does after remove-node.
func (l *lab) leaves(name string) {
	l.t.Helper()
	text, _, found := strings.Cut(l.read(), "  - name: "+name+"\n")
	if !found {
		l.fatalf("%s has no host %s", l.inventory, name)
	}
	l.rewrite(text)
}

// rewrite writes the inventory.
func (l *lab) rewrite(text string) {
	l.t.Helper()
	if err := os.WriteFile(l.inventory, []byte(text), 0o644); err != nil {
		l.fatalf("%v", err)
	}
}
