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
		"a directory for the group": {func(dir string) error { return os.Chmod(dir, 0o750) },
			[]string{"mode 0750", "chmod -R go= "}},
		"a directory for others": {func(dir string) error { return os.Chmod(filepath.Join(dir, "hosts/w1"), 0o701) },
			[]string{"hosts/w1", "mode 0701", "chmod -R go= "}},
		"a key for the group": {func(dir string) error { return os.Chmod(filepath.Join(dir, "ca.key"), 0o640) },
			[]string{"ca.key", "mode 0640", "chmod -R go= "}},
		"a certificate for others": {func(dir string) error {
			return os.Chmod(filepath.Join(dir, "hosts/w1/kubelet.crt"),
				0o604)
		}, []string{"hosts/w1/kubelet.crt", "mode 0604"}},
		"a key of another user": {func(dir string) error {
			return os.Chown(filepath.Join(dir, "etcd/ca.key"), 4242,
				-1)
		}, []string{"etcd/ca.key", "user 4242", "chown -R "}},
		"a link": {func(dir string) error {
			return os.Symlink("/etc/passwd",
				filepath.Join(dir, "hosts/w1/x.key"))
		}, []string{"x.key", "neither a file nor a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			issue(t, s, lab(), start)
			if err := test.spoil(s.dir); err != nil {
				t.Fatal(err)
			}
			_, err := create(s.dir)
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

// TestPreviewWritesNothing: what a preview issues is in memory only, whether there is a store or
// not.
func TestPreviewWritesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "pki")
	s, err := At(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Preview(lab(), start)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Files(lab().Hosts[0], "etcd")); n == 0 {
		t.Error("the preview has no files")
	}
	if _, err := os.Stat(filepath.Dir(dir)); !os.IsNotExist(err) {
		t.Errorf("the preview made a directory: %v", err)
	}
	if used, err := s.Used(); used || err != nil {
		t.Errorf("used: %t, %v", used, err)
	}
	if hosts, err := s.Hosts(); hosts != nil || err != nil {
		t.Errorf("hosts: %v, %v", hosts, err)
	}

	s = open(t, dir)
	issue(t, s, lab(), start)
	before := snapshot(t, s.dir)
	later := start.AddDate(0, 11, 0) // when all are to be renewed
	previewed, err := s.Preview(lab(), later)
	if err != nil {
		t.Fatal(err)
	}
	if !previewed.Expiry()[0].NotAfter.After(start.AddDate(1, 0, 1)) {
		t.Errorf("the preview renews nothing: %v", previewed.Expiry()[0])
	}
	after := snapshot(t, s.dir)
	for name, text := range before {
		if after[name] != text {
			t.Errorf("the preview changed %s", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files, then %d", len(before), len(after))
	}
	if used, err := s.Used(); !used || err != nil {
		t.Errorf("used: %t, %v", used, err)
	}
	if hosts, err := s.Hosts(); len(hosts) != len(lab().Hosts) || err != nil {
		t.Errorf("hosts: %v, %v", hosts, err)
	}
}

// TestKeep: what a preview has issued is what is kept, to the byte; what another run has written
// meanwhile stays.
func TestKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "pki")
	s, err := At(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Preview(lab(), start)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Preview(lab(), start)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(first); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	if err := s.Keep(second); err == nil || !strings.Contains(err.Error(), "another run has written") {
		t.Errorf("two new authorities: %v", err)
	}
	kept, err := s.Preview(lab(), start)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range lab().Hosts {
		for i, f := range first.Files(h, "kubelet") {
			if string(kept.Files(h, "kubelet")[i].Content) != string(f.Content) {
				t.Errorf("%s: %s is not what was previewed", h.Name, f.Path)
			}
		}
	}
	if err := s.Keep(kept); err != nil { // of nothing
		t.Error(err)
	}
	if err := s.Keep(first); err != nil { // again
		t.Error(err)
	}
	for name, text := range snapshot(t, dir) {
		if before[name] != text {
			t.Errorf("%s was written again", name)
		}
	}
}
