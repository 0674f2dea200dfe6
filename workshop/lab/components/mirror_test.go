package components

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script is a source of one program, a shell script that prints its version. It counts how often it
// was collected.
type script struct {
	Text  string
	Error string
	Runs  *int `json:"-"`
}

func (s script) tools() []string { return []string{"sh"} }

func (s script) collect(_ context.Context, _, dir string) error {
	*s.Runs++
	if s.Error != "" {
		return errors.New(s.Error)
	}
	return os.WriteFile(filepath.Join(dir, "tool"), []byte(s.Text), 0o755)
}

// toolRecipe is a recipe with two artifacts.
func toolRecipe(runs *int) recipe {
	return recipe{
		Name: "tool", Version: "v1", Takes: 0,
		Source: script{Text: "#!/bin/sh\necho tool version 1.0, built today\n", Runs: runs},
		Checks: []check{{[]string{"tool", "--version"}, "1.0"}},
		Artifacts: []artifact{
			{"https://a.test/tool", program{"tool"}},
			{"https://b.test/v1/tool.tar.gz", archive{[]member{{"bin/tool", "tool"}}}},
		},
	}
}

func open(t *testing.T) mirror {
	t.Helper()
	m, err := openMirror(filepath.Join(t.TempDir(), "mirror"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func build(t *testing.T, m mirror, recipes ...recipe) {
	t.Helper()
	if err := fillMirror(t.Context(), m, recipes, nil, func(string) {}); err != nil {
		t.Fatal(err)
	}
}

// checkLock compares the lock file with the files that it names.
func checkLock(t *testing.T, m mirror, want int) {
	t.Helper()
	text, err := os.ReadFile(m.path(lockName))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "- url:"); n != want {
		t.Errorf("lock file has %d artifacts, want %d:\n%s", n, want, text)
	}
	for _, path := range []string{"a.test/tool", "b.test/v1/tool.tar.gz"} {
		sum, _, err := digestFile(m.path(path))
		if err != nil {
			t.Fatal(err)
		}
		if entry := "url: https://" + path + "\n    sha256: " + sum + "\n"; !strings.Contains(string(text), entry) {
			t.Errorf("lock file lacks %q:\n%s", entry, text)
		}
	}
}

func TestBuildOnce(t *testing.T) {
	m, runs := open(t), 0
	build(t, m, toolRecipe(&runs))
	checkLock(t, m, 2)
	build(t, m, toolRecipe(&runs))
	checkLock(t, m, 2)
	if runs != 1 {
		t.Errorf("built %d times, want once", runs)
	}
	if _, err := os.Stat(m.path(".work")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the work directory was left: %v", err)
	}
}

func TestBuildAgainWhenSomethingIsAmiss(t *testing.T) {
	for name, spoil := range map[string]func(m mirror, r *recipe) error{
		"artifact removed": func(m mirror, _ *recipe) error { return os.Remove(m.path("a.test/tool")) },
		"artifact cut":     func(m mirror, _ *recipe) error { return os.Truncate(m.path("b.test/v1/tool.tar.gz"), 5) },
		"record removed":   func(m mirror, r *recipe) error { return os.Remove(m.recordPath(*r)) },
		"record cut":       func(m mirror, r *recipe) error { return os.Truncate(m.recordPath(*r), 5) },
		"recipe changed": func(_ mirror, r *recipe) error {
			s := r.Source.(script)
			s.Text += "# changed\n"
			r.Source = s
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, runs := open(t), 0
			r := toolRecipe(&runs)
			build(t, m, r)
			if err := spoil(m, &r); err != nil {
				t.Fatal(err)
			}
			build(t, m, r)
			if runs != 2 {
				t.Errorf("built %d times, want twice", runs)
			}
			checkLock(t, m, 2)
		})
	}
}

func TestRestoreTheLockFileWithoutBuilding(t *testing.T) {
	m, runs := open(t), 0
	build(t, m, toolRecipe(&runs))
	if err := os.Remove(m.path(lockName)); err != nil {
		t.Fatal(err)
	}
	build(t, m, toolRecipe(&runs))
	checkLock(t, m, 2)
	if runs != 1 {
		t.Errorf("built %d times, want once", runs)
	}
}

func TestLockKeepsOtherVersions(t *testing.T) {
	m, runs := open(t), 0
	build(t, m, toolRecipe(&runs))
	other := toolRecipe(&runs)
	other.Version = "v2"
	other.Artifacts = []artifact{{"https://a.test/v2/tool", program{"tool"}}}
	build(t, m, other)
	checkLock(t, m, 3)
}

// Nothing of a build that failed may be taken: neither by the next run nor by whoever reads the
// mirror.
func TestFailedBuildLeavesNothing(t *testing.T) {
	for name, fail := range map[string]func(*recipe){
		"source": func(r *recipe) { s := r.Source.(script); s.Error = "no space"; r.Source = s },
		"check":  func(r *recipe) { r.Checks[0].Want = "2.0" },
		"second artifact": func(r *recipe) {
			r.Artifacts[1].Packing = program{"absent"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, runs := open(t), 0
			bad := toolRecipe(&runs)
			fail(&bad)
			err := fillMirror(t.Context(), m, []recipe{bad}, nil, func(string) {})
			if err == nil || !strings.HasPrefix(err.Error(), "build tool v1: ") {
				t.Errorf("error is %v, want one that names the component", err)
			}
			entries, err := os.ReadDir(m.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Name() != ".built" {
					t.Errorf("the failed build left %s", e.Name())
				}
			}
			build(t, m, toolRecipe(&runs))
			checkLock(t, m, 2)
		})
	}
}

func TestMissingToolShowsBeforeAnyBuild(t *testing.T) {
	m, runs := open(t), 0
	lacking := toolRecipe(&runs)
	lacking.Name, lacking.Source = "needy", needy{}
	err := fillMirror(t.Context(), m, []recipe{toolRecipe(&runs), lacking}, nil, func(string) {})
	var missing MissingTool
	if !errors.As(err, &missing) || missing.Tool != "kbootstrap-no-such-tool" {
		t.Errorf("error is %v, want MissingTool", err)
	}
	if runs != 0 {
		t.Error("something was built first")
	}
}

type needy struct{}

func (needy) tools() []string                               { return []string{"kbootstrap-no-such-tool"} }
func (needy) collect(context.Context, string, string) error { return errors.New("collected") }

func TestOneBuildAtATime(t *testing.T) {
	m := open(t)
	unlock, err := m.lock(t.Context(), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan string, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	locked := make(chan error, 1)
	go func() {
		second, err := m.lock(ctx, func(line string) { waiting <- line })
		if err == nil {
			second()
		}
		locked <- err
	}()
	select {
	case <-waiting:
	case err := <-locked:
		t.Fatalf("the second build did not wait: %v", err)
	}
	unlock()
	if err := <-locked; err != nil {
		t.Error(err)
	}
}
