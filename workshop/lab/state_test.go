package lab

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestStateSurvivesTheFile(t *testing.T) {
	s := planned(t, Spec{Dir: t.TempDir(), Name: "demo", ControlPlanes: 1, Workers: 1, Kubernetes: "v1.36.3"})
	s.Cgroups = []string{"/sys/fs/cgroup/" + cgroupOf(s.ID)}
	s.Hosts[0].Nspawn = process{PID: 7, Start: 9, Boot: "b"}
	s.Hosts[1].Off = true
	if err := s.write(); err != nil {
		t.Fatal(err)
	}
	got, err := readState(s.Spec.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got, cmp.AllowUnexported(state{}, hostState{}),
		cmpopts.EquateComparable(s.Hosts[0].Address)); diff != "" {
		t.Error(diff)
	}
	entries, err := os.ReadDir(s.Spec.Dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("next to the state file: %v, %v", entries, err)
	}
}

func TestNoLab(t *testing.T) {
	_, err := readState(t.TempDir())
	if !errors.Is(err, ErrNoLab) {
		t.Errorf("got %v", err)
	}
	var h interface{ Hint() string }
	if !errors.As(err, &h) || h.Hint() == "" {
		t.Error("no hint")
	}
}

func TestLockKeepsOthersOut(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir); err == nil {
		t.Error("locked twice")
	}
	unlock()
	again, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestDead(t *testing.T) {
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		hosts []hostState
		dead  bool
	}{
		"never finished":          {nil, true},
		"all gone":                {[]hostState{{}, {}}, true},
		"one gone, one off":       {[]hostState{{}, {Off: true}}, true},
		"all off":                 {[]hostState{{Off: true}, {Off: true}}, false},
		"one alive":               {[]hostState{{}, {Nspawn: self}}, false},
		"another process has PID": {[]hostState{{Nspawn: process{self.PID, self.Start + 1, self.Boot}}}, true},
		"before the last boot":    {[]hostState{{Nspawn: process{self.PID, self.Start, "x"}}}, true},
	} {
		if got := (state{Hosts: c.hosts}).dead(); got != c.dead {
			t.Errorf("%s: dead is %t", name, got)
		}
	}
}

// A directory name may not make the lab remove what is not its own.
func TestFilesAreTheLabsOwn(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../..", "Demo"} {
		for _, f := range (state{Spec: Spec{Name: name}}).files() {
			if filepath.Clean(f) != f || filepath.Dir(f) != "." {
				t.Errorf("cluster name %q: %q would be removed", name, f)
			}
		}
	}
	files := state{Spec: Spec{Name: "demo"}}.files()
	if files[len(files)-1] != stateFile {
		t.Errorf("the state file is not the last of %v", files)
	}
}
