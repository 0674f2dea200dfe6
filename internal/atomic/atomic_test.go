package atomic_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"kbootstrap/internal/atomic"
)

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, want := range []struct {
		text string
		mode fs.FileMode
	}{{"first", 0o600}, {"second, which is longer", 0o644}, {"", 0o640}} {
		if err := atomic.WriteFile(path, []byte(want.text), want.mode); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil || string(text) != want.text {
			t.Errorf("content %q, %v, want %q", text, err, want.text)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want.mode {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, want.mode)
		}
		onlyFile(t, path)
	}
}

// TestKeepsTheOldFile: a write that fails leaves what was there, and nothing next to it.
func TestKeepsTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "taken")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomic.WriteFile(path, []byte("text"), 0o600); err == nil {
		t.Error("a directory was replaced")
	}
	onlyFile(t, path)
	if err := atomic.WriteFile(filepath.Join(path, "none", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

// TestReadersSeeWholeFiles: whoever reads while others write sees one of the contents.
func TestReadersSeeWholeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	contents := []string{"a", "bb", "ccc", "dddd"}
	if err := atomic.WriteFile(path, []byte(contents[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for _, text := range contents {
		writers.Go(func() {
			for range 20 {
				if err := atomic.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(text); n == 0 || string(text) != contents[n-1] {
			t.Errorf("read %q", text)
		}
	}
	writers.Wait()
	onlyFile(t, path)
}

// onlyFile fails the test when the directory of a path has anything else.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the directory has %v, %v, want %s alone", entries, err, filepath.Base(path))
	}
}
