//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestOutput: what a person, a program and the log of the run are told of a real up, on a terminal
// that is small. None of them is told a key.
func TestOutput(t *testing.T) {
	l := newLab(t, "output", "--control-planes", "1", "--workers", "0")
	state, events := t.TempDir(), filepath.Join(t.TempDir(), "events.jsonl")
	t.Setenv("XDG_STATE_HOME", state)

	const columns = 60
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	up := exec.CommandContext(ctx, "script", "--quiet", "--flush", "--return", "--command",
		"stty columns 60 rows 10; "+l.program+" up -i "+l.inventory+" --events jsonl="+events, "/dev/null")
	up.Env = append(os.Environ(), "TERM=xterm", "LC_ALL=C.UTF-8")
	terminal, err := up.CombinedOutput()
	if err != nil {
		t.Fatalf("up: %v\n%s", err, terminal)
	}
	shown := strings.ReplaceAll(string(terminal), "\r\n", "\n")
	t.Run("terminal", func(t *testing.T) { onTerminal(t, shown, columns) })

	streamed, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("events", func(t *testing.T) { inEvents(t, streamed) })

	logs, err := filepath.Glob(filepath.Join(state, "kbootstrap", "output", "runs", "*-up.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %q, %v", logs, err)
	}
	log, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(logs[0]); err != nil || info.Mode().Perm() != 0o600 ||
		!bytes.Contains(log, []byte("exitCode=0")) {
		t.Errorf("%s: %v, %v, %d bytes", logs[0], info.Mode(), err, len(log))
	}

	again := l.run(2*time.Minute, "up", "-i", l.inventory, "-o", "json", "-q")
	var document struct {
		APIVersion, Kind, Outcome, Log string
		ExitCode, Changed              int
		Hosts                          []struct{ Name, Outcome string }
	}
	if err := json.Unmarshal([]byte(again.stdout), &document); err != nil || again.stderr != "" {
		t.Fatalf("up -o json -q: %v\n%s%s", err, again.stdout, again.stderr)
	}
	if document.Kind != "Up" || document.Outcome != "ok" || document.Changed != 0 || len(document.Hosts) != 1 ||
		document.Hosts[0].Outcome != "ok" {
		t.Errorf("document %+v", document)
	}

	told := map[string][]byte{"terminal": terminal, "events": streamed, "log": log, "document": []byte(again.stdout)}
	t.Run("secrets", func(t *testing.T) { keyless(t, filepath.Join(l.dir, ".kbootstrap", "output", "pki"), told) })
}

// onTerminal checks that what moved was never as wide as the terminal, and is gone in the end.
func onTerminal(t *testing.T, shown string, columns int) {
	frames := regexp.MustCompile(`\x1b\[\d+A\r\x1b\[J`).Split(shown, -1)
	if len(frames) < 10 {
		t.Errorf("drawn %d times", len(frames))
	}
	moving := regexp.MustCompile(`^  cp1 +\d+\.\d s +\d+ [kMG]?B `)
	seen := false
	for _, f := range frames {
		for line := range strings.Lines(f) {
			if moving.MatchString(line) {
				seen = true
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n >= columns {
					t.Errorf("%d columns: %q", n, line)
				}
			}
		}
	}
	end := frames[len(frames)-1]
	if !seen || moving.MatchString(end) || !strings.Contains(end, "output: healthy after ") ||
		!strings.Contains(end, "next:") {
		t.Errorf("it ends with %q", end)
	}
}

// inEvents checks the stream: whole from its first to its last line, and each line of a host under
// its own component.
func inEvents(t *testing.T, streamed []byte) {
	type event struct {
		Kind, Host, Component, Resource, Text, Diff string
		Changed                                     bool
		Count                                       int
		Bytes                                       int64
		ExitCode                                    *int
	}
	var all []event
	for decoder := json.NewDecoder(bytes.NewReader(streamed)); decoder.More(); {
		var e event
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	last := all[len(all)-1]
	if all[0].Kind != "started" || last.Kind != "finished" || last.ExitCode == nil || *last.ExitCode != 0 {
		t.Fatalf("first %+v, last %+v", all[0], last)
	}
	changes, sent := 0, int64(0)
	for _, e := range all {
		switch e.Kind {
		case "change":
			changes++
			if e.Host != "cp1" || e.Component == "" || e.Resource == "" || !e.Changed || e.Diff == "" {
				t.Errorf("change %+v", e)
			}
		case "sent":
			sent += e.Bytes
		case "log":
			for text, component := range map[string]string{
				"https://127.0.0.1:2379/": "etcd", "127.0.0.1:10248": "kubelet", "dns://": "health",
			} {
				if strings.Contains(e.Text, text) && e.Component != component {
					t.Errorf("%q is told of %s", e.Text, e.Component)
				}
			}
		}
	}
	if changes != last.Count || changes < 50 || sent != last.Bytes || sent < 10e6 {
		t.Errorf("%d changes and %d bytes, and the last event is %+v", changes, sent, last)
	}
}

// keyless checks that no private key of the cluster is in what was told, not even a line of one.
func keyless(t *testing.T, pki string, told map[string][]byte) {
	var lines [][]byte
	err := filepath.WalkDir(pki, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".key" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		block, _ := pem.Decode(text)
		if _, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); block == nil && err != nil {
			t.Errorf("%s is no key, neither PEM nor base64", path)
		}
		for _, line := range bytes.Split(text, []byte("\n")) {
			if len(line) > 40 {
				lines = append(lines, line)
			}
		}
		return nil
	})
	if err != nil || len(lines) < 10 {
		t.Fatalf("%d lines of keys, %v", len(lines), err)
	}
	for name, text := range told {
		for _, line := range lines {
			if bytes.Contains(text, line) {
				t.Errorf("the %s has a line of a key", name)
			}
		}
	}
}
