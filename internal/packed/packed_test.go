package packed_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kbootstrap/internal/packed"
	"kbootstrap/internal/trial"
)

// TestFile: a form is made once, and not named before it is whole; what no run has used for a day
// goes when another one is made, and nothing that others put there does.
func TestFile(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	made := 0
	form := func(name string) (string, error) {
		return packed.File(name, func(w io.Writer) error {
			made++
			_, err := io.WriteString(w, name)
			return err
		})
	}
	for range 2 {
		path, err := form("one.gz")
		if err != nil || trial.Read(t, path) != "one.gz" {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if made != 1 {
		t.Errorf("it was made %d times", made)
	}
	failed := errors.New("the disk is full")
	if _, err := packed.File("half.gz", func(io.Writer) error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if _, ok := packed.Find("half.gz"); ok {
		t.Error("a form that failed is there")
	}

	dir := filepath.Join(cache, "kbootstrap", "program")
	trial.Write(t, filepath.Join(dir, "mine.txt"), "", 0o600)
	trial.Write(t, filepath.Join(dir, ".half.gz-123"), "", 0o600)
	old := time.Now().Add(-25 * time.Hour)
	for _, name := range []string{"one.gz", "mine.txt", ".half.gz-123"} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := form("two.zst"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"one.gz": false, "mine.txt": true, "two.zst": true, ".half.gz-123": false} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	packed.Remove("two.zst")
	if _, ok := packed.Find("two.zst"); ok {
		t.Error("it was not removed")
	}
}
