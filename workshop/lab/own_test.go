package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForeignLab: a lab that others could have written is not touched.
func TestForeignLab(t *testing.T) {
	for name, spoil := range map[string]func(dir, file string) error{
		"writable file":      func(_, file string) error { return os.Chmod(file, 0o666) },
		"writable directory": func(dir, _ string) error { return os.Chmod(dir, 0o777) },
		"link": func(dir, file string) error {
			if err := os.Rename(file, dir+"/other"); err != nil {
				return err
			}
			return os.Symlink(dir+"/other", file)
		},
		"another's file": func(_, file string) error {
			return os.Chown(file, 65534, 65534) // only root can, as the lab itself is for root only
		},
	} {
		dir := t.TempDir()
		s := planned(t, Spec{Dir: dir, Name: "demo", Workers: 1, Kubernetes: "v1.36.3"})
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
		if _, err := readState(dir); err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir, filepath.Join(dir, stateFile)); err != nil {
			t.Fatal(err)
		}
		if _, err := readState(dir); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

// TestOddLab: what the state says goes into commands of root, so that it says only what a lab can.
func TestOddLab(t *testing.T) {
	for want, change := range map[string]func(s *state){
		"id is":        func(s *state) { s.ID = "*" },
		"not a cgroup": func(s *state) { s.Cgroups = []string{"/sys/fs/cgroup"} },
		"is not an RFC 1123 subdomain": func(s *state) {
			s.Hosts[0].Name = "../../etc"
		},
		"not an absolute path": func(s *state) { s.Hosts[0].Base = "x" },
	} {
		s := planned(t, Spec{Dir: t.TempDir(), Name: "demo", Workers: 1, Kubernetes: "v1.36.3"})
		change(&s)
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
		if _, err := readState(s.Spec.Dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
