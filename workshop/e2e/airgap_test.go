//go:build e2e && hosts

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestHostsAirGap makes a cluster from one file, by the tool that is in it, in a network that has
// nothing but the hosts, and then changes the cluster by a file with a difference.
func TestHostsAirGap(t *testing.T) {
	l := newLab(t, "airgap", "--control-planes", "1", "--workers", "1")
	carried := t.TempDir() // what is carried to the other side
	whole, news := filepath.Join(carried, "whole.tar"), filepath.Join(carried, "news.tar")

	// Where there is a network. Two bundles are equal, also when one is of files that were fetched
	// now.
	l.edit("hosts:\n", "addons: {storage: {enabled: false}}\nhosts:\n")
	l.must(5*time.Minute, "bundle", "create", "-i", l.inventory, "-o", whole)
	again := filepath.Join(t.TempDir(), "again.tar")
	t.Setenv("KBOOTSTRAP_CACHE", t.TempDir())
	l.must(5*time.Minute, "bundle", "create", "-i", l.inventory, "-o", again)
	l.same(whole, again)
	l.must(5*time.Minute, "bundle", "verify", whole, "-i", l.inventory)

	// What comes later, and only that.
	l.edit("addons: {storage: {enabled: false}}\n", "")
	l.must(5*time.Minute, "bundle", "create", "-i", l.inventory, "-o", again)
	said := l.must(5*time.Minute, "bundle", "diff", whole, again, "-o", news)
	if !strings.Contains(said, "local-path-provisioner") || strings.Contains(said, "etcd") {
		t.Errorf("the difference is not what the storage needs:\n%s", said)
	}
	big, small := l.size(whole), l.size(news)
	t.Logf("the bundle has %d MB, the difference %d MB", big/1e6, small/1e6)
	if small > big/2 {
		t.Errorf("the difference has %d bytes, and the whole %d", small, big)
	}

	// On the other side there are the file and the inventory, whose addresses are those of the
	// hosts themselves.
	there := l.crossGap(carried)
	there.edit("hosts:\n", "addons: {storage: {enabled: false}}\nhosts:\n")
	r := there.run(5*time.Minute, "up", "-i", there.inventory, "--bundle", whole)
	if r.code != 0 {
		there.fatalf("up from the bundle: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	t.Logf("up from a bundle took %.1f s", r.took.Seconds())
	there.ready(2, time.Minute)
	there.upAgain("--bundle", whole)
	t.Setenv("KBOOTSTRAP_BUNDLE", whole)
	there.must(2*time.Minute, "status", "-i", there.inventory)
	t.Setenv("KBOOTSTRAP_BUNDLE", "")

	// Without the file nothing can be had, and that is known soon; the old file lacks what is new.
	there.edit("addons: {storage: {enabled: false}}\n", "")
	r = there.run(2*time.Minute, "plan", "-i", there.inventory, "--bundle", whole)
	if r.code != 1 || !strings.Contains(r.stderr, "KB4020") || !strings.Contains(r.stderr, "local-path-provisioner") {
		there.fatalf("a bundle that lacks something: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	there.must(5*time.Minute, "up", "-i", there.inventory, "--bundle", whole, "--bundle", news)
	there.must(5*time.Minute, "addons", "-i", there.inventory, "--wait", "--bundle", whole, "--bundle", news)
	there.upAgain("--bundle", news, "--bundle", whole)

	if entries, err := os.ReadDir(os.Getenv("KBOOTSTRAP_CACHE")); err != nil || len(entries) > 0 {
		t.Errorf("something was put into the cache: %v, %v", entries, err)
	}
	l.damage(whole, news, there)
}

// crossGap is the lab as who has only the carried files meets it: the tool is that of the bundle,
// and runs in the network namespace with the hosts, which has no way on. There is a mirror in the
// inventory, and it is gone.
func (l *lab) crossGap(carried string) *lab {
	l.t.Helper()
	l.t.Setenv("KBOOTSTRAP_CACHE", l.t.TempDir())
	bundle := filepath.Join(carried, "whole.tar")
	if r := l.runs(time.Minute, "tar", "-xf", bundle, "-C", carried, "bin/kbootstrap"); r.code != 0 {
		l.fatalf("the tool is not in the bundle: %s", r.stderr)
	}
	state, err := os.ReadFile(filepath.Join(l.dir, "lab.json"))
	if err != nil {
		l.fatalf("%v", err)
	}
	var known struct{ ID string }
	if err := json.Unmarshal(state, &known); err != nil {
		l.fatalf("%v", err)
	}
	network := "/run/netns/kbl-" + known.ID
	for _, way := range []string{"route", "-6 route"} {
		r := l.runs(time.Minute, "nsenter", append([]string{"--net=" + network, "ip"}, strings.Fields(way)...)...)
		if r.code != 0 || strings.Contains(r.stdout, "default") {
			l.fatalf("the namespace leads elsewhere: %s%s", r.stdout, r.stderr)
		}
	}
	program := filepath.Join(carried, "kbootstrap")
	script := fmt.Sprintf("#!/bin/sh\nexec nsenter --net=%s -- %s \"$@\"\n", network,
		filepath.Join(carried, "bin", "kbootstrap"))
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		l.fatalf("%v", err)
	}

	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "artifacts:"):
			line = "artifacts: {mirror: /nonexistent, ownBuilds: true}\n"
		case strings.HasPrefix(line, "    ssh: {address: 127.0.0.1"):
			continue
		case strings.HasPrefix(line, "ssh:"):
			line = strings.Replace(line, "hostKeyPolicy: strict", "hostKeyPolicy: accept-new", 1)
		}
		kept.WriteString(line)
	}
	there := *l
	there.program, there.inventory = program, filepath.Join(l.dir, "there.yaml")
	if err := os.WriteFile(there.inventory, []byte(kept.String()), 0o644); err != nil {
		l.fatalf("%v", err)
	}
	return &there
}

// damage changes a byte of a bundle, and cuts another off: neither gets to a host.
func (l *lab) damage(bundle, news string, there *lab) {
	l.t.Helper()
	content, err := os.ReadFile(bundle)
	if err != nil {
		l.fatalf("%v", err)
	}
	// Of a content that every run needs. Its name is also in the manifest, before all contents.
	kubelet := regexp.MustCompile(`"kubelet": "([0-9a-f]{64})"`).FindSubmatch(content)
	if kubelet == nil {
		l.fatalf("the manifest has no kubelet")
	}
	const header = 512 // bytes of tar before a file
	changed := bytes.Clone(content)
	changed[bytes.LastIndex(content, []byte("contents/"+string(kubelet[1])+".zst"))+header+1000] ^= 1
	broken := filepath.Join(l.t.TempDir(), "broken.tar")
	for what, bytes := range map[string][]byte{"a changed byte": changed, "half a file": content[:len(content)/2]} {
		if err := os.WriteFile(broken, bytes, 0o644); err != nil {
			l.fatalf("%v", err)
		}
		up := []string{"up", "-i", there.inventory, "--bundle", broken, "--bundle", news}
		for _, verb := range [][]string{{"bundle", "verify", broken}, up} {
			r := there.run(2*time.Minute, verb...)
			if r.code != 1 || !strings.Contains(r.stderr, "KB4021") {
				l.t.Errorf("%s: %s: exit %d\n%s", what, verb, r.code, r.stderr)
			}
		}
	}
}

// same fails unless two files are equal.
func (l *lab) same(a, b string) {
	l.t.Helper()
	if r := l.runs(time.Minute, "cmp", a, b); r.code != 0 {
		l.t.Errorf("two bundles of the same things differ: %s%s", r.stdout, r.stderr)
	}
}

// size is how many bytes a file has.
func (l *lab) size(path string) int64 {
	l.t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		l.fatalf("%v", err)
	}
	return info.Size()
}
