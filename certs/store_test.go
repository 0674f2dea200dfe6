package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
)

func TestOpenMakesAPrivateDirectory(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state", "lab")
	open(t, filepath.Join(state, "pki"))
	for _, dir := range []string{state, filepath.Join(state, "pki")} {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("%s has mode %04o, want 0700", dir, got)
		}
	}
	text, err := os.ReadFile(filepath.Join(state, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != "*\n" {
		t.Errorf(".gitignore = %q, want \"*\\n\"", text)
	}
}

func TestOpenLeavesAGitignoreAlone(t *testing.T) {
	state := t.TempDir()
	path := filepath.Join(state, ".gitignore")
	if err := os.WriteFile(path, []byte("pki/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Join(state, "pki"))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != "pki/\n" {
		t.Errorf(".gitignore = %q, want what was there", text)
	}
}

func TestEverythingIsPrivate(t *testing.T) {
	s := newStore(t)
	issue(t, s, lab(), start)
	for name, text := range snapshot(t, s.dir) {
		if !strings.HasPrefix(text, "-rw-------") && !strings.HasPrefix(text, "drwx------") {
			t.Errorf("%s has mode %.10s", name, text)
		}
	}
}

// TestOpenRefuses: the error names the file, its mode or owner, and what to do.
func TestOpenRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(dir string) error
		want  []string
	}{
		"a directory for the group": {func(dir string) error { return os.Chmod(dir, 0o750) }, []string{"mode 0750", "chmod -R go= "}},
		"a directory for others":    {func(dir string) error { return os.Chmod(filepath.Join(dir, "hosts/w1"), 0o701) }, []string{"hosts/w1", "mode 0701", "chmod -R go= "}},
		"a key for the group":       {func(dir string) error { return os.Chmod(filepath.Join(dir, "ca.key"), 0o640) }, []string{"ca.key", "mode 0640", "chmod -R go= "}},
		"a certificate for others":  {func(dir string) error { return os.Chmod(filepath.Join(dir, "hosts/w1/kubelet.crt"), 0o604) }, []string{"hosts/w1/kubelet.crt", "mode 0604"}},
		"a key of somebody else":    {func(dir string) error { return os.Chown(filepath.Join(dir, "etcd/ca.key"), 4242, -1) }, []string{"etcd/ca.key", "user 4242", "chown -R "}},
		"a link":                    {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "hosts/w1/x.key")) }, []string{"x.key", "neither a file nor a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			issue(t, s, lab(), start)
			if err := test.spoil(s.dir); err != nil {
				t.Fatal(err)
			}
			_, err := Open(s.dir)
			if err == nil {
				t.Fatal("no error")
			}
			if code := fault.Of(err); code != fault.StateExposed {
				t.Errorf("code %q, want %q: %v", code, fault.StateExposed, err)
			}
			for _, want := range append(test.want, s.dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %q, without %q", err, want)
				}
			}
		})
	}
}
