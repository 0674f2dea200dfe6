package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/report"
)

// TestFindLog: which log is meant without a word, with the beginning of a name, and with a path.
func TestFindLog(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	hosts := filepath.Join(t.TempDir(), "hosts.yaml")
	if err := os.WriteFile(hosts, []byte(inventory.Template()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := findLog(hosts, nil)
	if err == nil || !strings.Contains(err.Error(), "no run has changed something yet") {
		t.Fatalf("without any log: %v", err)
	}
	logs, err := logsOf(hosts)
	if err != nil || len(logs) > 0 {
		t.Fatalf("logs %q: %v", logs, err)
	}
	dir, err := report.LogDir("demo")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"20260102T150405.000Z-up.log", "20260103T150405.000Z-add-node.log", "20260104T150405.000Z-status.log",
		"notes.txt",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for argument, want := range map[string]string{
		"": "20260103T150405.000Z-add-node.log", "20260102": "20260102T150405.000Z-up.log",
		"20260104T15": "20260104T150405.000Z-status.log", filepath.Join(dir, "notes.txt"): "notes.txt",
	} {
		var args []string
		if argument != "" {
			args = []string{argument}
		}
		if got, err := findLog(hosts, args); err != nil || filepath.Base(got) != want {
			t.Errorf("%q: %s, %v; want %s", argument, got, err, want)
		}
	}
	_, err = findLog(hosts, []string{"2027"})
	if err == nil || !strings.Contains(err.Error(), "the last ones are 20260104T") {
		t.Errorf("an unknown run: %v", err)
	}
}
