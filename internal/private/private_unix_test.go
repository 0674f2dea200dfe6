//go:build unix

package private_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/internal/private"
)

// TestLook: each bit of others counts, and the owner.
func TestLook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	look := func() private.Access {
		t.Helper()
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := private.Look(file, info)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for mode, want := range map[os.FileMode]struct{ read, write string }{
		0o600: {}, 0o700: {}, 0o640: {read: "mode 0640"}, 0o604: {read: "mode 0604"}, 0o601: {read: "mode 0601"},
		0o620: {"mode 0620", "mode 0620"}, 0o602: {"mode 0602", "mode 0602"},
	} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if a := look(); a.Owner != "" || a.Read != want.read || a.Write != want.write {
			t.Errorf("%04o: %+v, want %+v", mode, a, want)
		}
	}
	owner, isRoot := "user 7", false
	if os.Geteuid() == 0 {
		if err := os.Chown(file, 7, 7); err != nil {
			t.Fatal(err)
		}
	} else {
		file, owner, isRoot = "/etc/passwd", "user 0", true // only root can give a file away
	}
	own := fmt.Sprintf("chown -R %d ", os.Geteuid())
	if a := look(); a.Owner != owner || a.Root != isRoot || !strings.Contains(private.Own(file), own) {
		t.Errorf("owner %+v, %s", a, private.Own(file))
	}
}
