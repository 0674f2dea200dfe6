package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/golden"
)

// TestLog: every event is in the log, in full, and no other user can read it.
func TestLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kbootstrap", "demo", "runs")
	log, err := OpenLog(dir, "up", time.Date(2030, 1, 2, 3, 4, 5, 6e6, time.UTC), func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	happened(log).Finish(failures, 6)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "20300102T030405.006Z-up.log"); log.Path() != want {
		t.Errorf("%s, want %s", log.Path(), want)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, log.Path(): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	text, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, "testdata/run.log", string(text))
	if strings.Contains(string(text), secret) {
		t.Error("a secret is in the log")
	}
}

// TestLogsKept: the last twenty of a verb stay, and what is not a log of ours.
func TestLogsKept(t *testing.T) {
	dir := t.TempDir()
	others := []string{
		"20200102T030405.006Z-plan.log", "notes.txt", "20200102T030405.006Z-up.log.gz", "x20200102T030405.006Z-up.log",
	}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "20200102T030405.007Z-up.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	others = append(others, "20200102T030405.007Z-up.log")
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	var paths []string
	for i := range 25 { // two in each millisecond, while the next is still free
		log, err := OpenLog(dir, "up", now.Add(time.Duration(i/2*2)*time.Millisecond), func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Base(log.Path()))
		_ = log.Close()
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := slices.Sorted(slices.Values(slices.Concat(others, paths[len(paths)-Kept:])))
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestLogThatFails: a log that cannot be made is an error; one that cannot be written any more is
// told of once.
func TestLogThatFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLog(filepath.Join(file, "runs"), "up", time.Now(), nil); err == nil {
		t.Error("a log below a file")
	}
	told := 0
	log, err := OpenLog(t.TempDir(), "up", time.Now(), func(error) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	_ = log.file.Close()
	happened(log)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestLogDir(t *testing.T) {
	t.Setenv("HOME", "/home/u")
	for _, test := range []struct{ state, want string }{
		{"", "/home/u/.local/state/kbootstrap/demo/runs"},
		{"/var/state", "/var/state/kbootstrap/demo/runs"},
		{"relative", "/home/u/.local/state/kbootstrap/demo/runs"},
	} {
		t.Setenv("XDG_STATE_HOME", test.state)
		if got, err := LogDir("demo"); err != nil || got != test.want {
			t.Errorf("%q: %s, %v", test.state, got, err)
		}
	}
}
