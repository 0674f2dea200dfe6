//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"kbootstrap/provision/component"
)

// oldRunc is a version of runc with holes, and runcHole the worst of them.
const oldRunc, runcHole = "1.1.5", "CVE-2024-21626"

// TestHostsVersions: what is installed without being asked for has no known hole; every verb that
// looks at hosts names a version that has one, wherever it is from; and a plain up takes it away.
func TestHostsVersions(t *testing.T) {
	l := newLab(t, "e2e-versions", "--control-planes", "1", "--workers", "1")
	l.up()
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"the defaults have no known hole", safeDefaults},
		{"an old program on a host is named, and replaced", oldProgram},
		{"an inventory with an old version is named, and done", oldVersion},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// looks are what the verbs that look at hosts say.
func (l *lab) looks() map[string]string {
	l.t.Helper()
	said := map[string]string{}
	for _, verb := range []string{"preflight", "plan", "drift", "status"} {
		r := l.run(2*time.Minute, verb, "-i", l.inventory)
		said[verb] = strings.Join(strings.Fields(r.stdout+r.stderr), " ") // tables break lines
	}
	return said
}

// saysEverywhere checks that each verb that looks says all of the texts.
func (l *lab) saysEverywhere(texts ...string) {
	l.t.Helper()
	for verb, said := range l.looks() {
		for _, text := range texts {
			if !strings.Contains(said, text) {
				l.t.Errorf("%s does not say %q:\n%s", verb, text, said)
			}
		}
	}
}

func safeDefaults(t *testing.T, l *lab) {
	for verb, said := range l.looks() {
		if strings.Contains(said, "KB3066") || strings.Contains(said, " has CVE-") {
			t.Errorf("%s warns of a version:\n%s", verb, said)
		}
		if verb == "preflight" && !strings.Contains(said, "SafeVersions ok cp1, w1 no known hole") {
			t.Errorf("preflight does not judge versions:\n%s", said)
		}
	}
	l.upAgain()
	seccomp := l.exec("w1", "runc", "--version")
	if !strings.Contains(seccomp, "libseccomp: ") {
		t.Errorf("runc has no seccomp:\n%s", seccomp)
	}
}

// oldProgram puts a host back to where an older up has left it.
func oldProgram(_ *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", `set -e
cp -r "$(dirname "$(readlink /usr/local/bin/runc)")" "/opt/kbootstrap/runc-$1"
ln -sfn "/opt/kbootstrap/runc-$1/runc" /usr/local/bin/runc`, "sh", oldRunc)
	l.saysEverywhere("runc "+oldRunc+" has "+runcHole, "`up` installs ")
	l.up()
	safeDefaults(l.t, l)
}

// oldVersion asks for the old version in the inventory. The file behind the number is the lab's
// runc: what is judged is what the inventory says.
func oldVersion(t *testing.T, l *lab) {
	restore := l.withOldRunc(t)
	l.saysEverywhere("runc "+oldRunc+" has "+runcHole, "`versions: {runc: 1.3.6}` or later closes that")
	r := l.run(5*time.Minute, "up", "-i", l.inventory)
	if r.code != 0 || !strings.Contains(r.stderr+r.stdout, runcHole) {
		t.Errorf("up: exit %d, want 0 and a warning of %s\n%s%s", r.code, runcHole, r.stdout, r.stderr)
	}
	l.saysEverywhere("runc " + oldRunc + " has " + runcHole)
	restore()
	l.saysEverywhere("`up` installs ")
	l.up()
	safeDefaults(t, l)
}

// withOldRunc edits the inventory, and makes a mirror with a file of that version.
func (l *lab) withOldRunc(t *testing.T) (restore func()) {
	t.Helper()
	before, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	artifacts := regexp.MustCompile(`artifacts: \{mirror: (\S+), lock: (\S+), ownBuilds: true\}`).
		FindStringSubmatch(string(before))
	if artifacts == nil {
		t.Fatalf("no mirror in the inventory:\n%s", before)
	}
	mirror := filepath.Join(l.dir, "mirror")
	if text, err := exec.CommandContext(t.Context(), "cp", "-al", artifacts[1], mirror).CombinedOutput(); err != nil {
		t.Fatalf("copy the mirror: %v\n%s", err, text)
	}
	lock, err := os.ReadFile(artifacts[2])
	if err != nil {
		t.Fatal(err)
	}
	url, sum := runcOf(t, string(lock))
	old := regexp.MustCompile(`/v[0-9.]+/`).ReplaceAllString(url, "/v"+oldRunc+"/")
	place := func(url string) string { return filepath.Join(mirror, strings.TrimPrefix(url, "https://")) }
	if err := os.MkdirAll(filepath.Dir(place(old)), 0o755); err != nil {
		t.Fatal(err)
	}
	if place(old) != place(url) {
		_ = os.Remove(place(old)) // a mirror may still have that of an older lab
	}
	if err := os.Link(place(url), place(old)); err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`(?m)^ *- url: ` + regexp.QuoteMeta(old) + `\n(    .*\n)+`)
	file := filepath.Join(l.dir, "old.lock")
	text := fmt.Sprintf("%s  - url: %s\n    sha256: %s\n", entry.ReplaceAllString(string(lock), ""), old, sum)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	l.edit(artifacts[0], "artifacts: {mirror: "+mirror+", lock: "+file+", ownBuilds: true}")
	l.edit("versions: {", "versions: {runc: "+oldRunc+", ")
	return func() {
		if err := os.WriteFile(l.inventory, before, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// runcOf is the URL of the default version of runc, and its sum in the lab's lock.
func runcOf(t *testing.T, lock string) (url, sum string) {
	t.Helper()
	for _, s := range component.Sources() {
		if s.Component == "runc" {
			url = strings.NewReplacer("{version}", s.Version, "{arch}", runtime.GOARCH).Replace(s.URL)
		}
	}
	_, after, found := strings.Cut(lock, "- url: "+url+"\n")
	_, after, ok := strings.Cut(after, "sha256: ")
	sum, _, _ = strings.Cut(after, "\n")
	if !found || !ok {
		t.Fatalf("%s is not in the lab's lock", url)
	}
	return url, strings.Trim(sum, `" `)
}
