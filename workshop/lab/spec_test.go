package lab

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSpecReportsEveryProblem(t *testing.T) {
	_, err := Spec{Dir: "a:b", Name: "Demo", ControlPlanes: -1, Kubernetes: "1.36", Kernel: "own",
		Image: "hp-ux", Images: map[string]string{"w7": "debian-11"}}.complete()
	if err == nil {
		t.Fatal("a spec with problems passed")
	}
	for _, want := range []string{`name "Demo"`, "negative", `kubernetes "1.36"`, "has a colon", `image "hp-ux"`,
		`"w7", and the lab has no such host`,
		"the hosts are no virtual machines"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestSpecCountsHosts(t *testing.T) {
	for _, c := range []struct {
		workers int
		ok      bool
	}{{0, true}, {1, true}, {maxHosts, true}, {maxHosts + 1, false}} {
		_, err := Spec{Dir: t.TempDir(), Name: "demo", Workers: c.workers, Kubernetes: "v1.36.3"}.complete()
		if (err == nil) != c.ok {
			t.Errorf("%d workers: %v", c.workers, err)
		}
	}
}

func TestSpecDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := Spec{Dir: "My_Lab.", Mirror: "m", Workers: 1, Kubernetes: "v1.36.3"}.complete()
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "my-lab" || !filepath.IsAbs(s.Dir) || !filepath.IsAbs(s.Mirror) {
		t.Errorf("name %q, dir %q, mirror %q", s.Name, s.Dir, s.Mirror)
	}
}

func TestLabelOf(t *testing.T) {
	for name, want := range map[string]string{
		"lab": "lab", "Lab 2": "lab-2", "...": "lab", "-x-": "x",
		strings.Repeat("a", 62) + "--": strings.Repeat("a", 62),
	} {
		if got := labelOf(name); got != want || !label.MatchString(got) {
			t.Errorf("labelOf(%q) = %q, want %q", name, got, want)
		}
	}
}
