package components

import (
	"bytes"
	"debug/elf"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
)

// The lab's own pause is built as its recipe says: static, since its image has no other file.
func TestPauseIsStatic(t *testing.T) {
	dir := t.TempDir()
	if err := pause("3.10.2").Source.collect(t.Context(), t.TempDir(), dir); err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(filepath.Join(dir, "pause"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("pause needs a dynamic linker")
		}
	}
}

func TestCompileErrorReachesTheUser(t *testing.T) {
	g := goModule{
		GoMod:    goMod("pause"),
		Files:    map[string]string{"main.go": "package main\n\nfunc main() { undefinedName() }\n"},
		Packages: []string{"."},
	}
	err := g.collect(t.Context(), t.TempDir(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "undefined: undefinedName") {
		t.Errorf("error is %v, want the compiler's", err)
	}
}

func TestKubernetesGoMod(t *testing.T) {
	tmpl, err := template.New("").Parse(goMod("kubernetes"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := tmpl.Execute(&text, goModData{
		Version: "v1.36.3", Go: "1.26.0", Godebug: []string{"default=go1.26"},
		Staging: []string{"k8s.io/api", "k8s.io/kubectl"}, StagingVersion: "v0.36.3",
	}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			lines = append(lines, line)
		}
	}
	want := []string{
		"module lab.invalid/kubernetes",
		"go 1.26.0",
		"godebug default=go1.26",
		"require k8s.io/kubernetes v1.36.3",
		"replace k8s.io/api => k8s.io/api v0.36.3",
		"replace k8s.io/kubectl => k8s.io/kubectl v0.36.3",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("go.mod is\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestCompilerArguments(t *testing.T) {
	g := goModule{
		Packages: []string{"example.org/a"}, Tags: []string{"x", "y"}, Cgo: true,
		Set: map[string]string{"b.V": "2", "a.V": "1"},
	}
	want := []string{
		"go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X a.V=1 -X b.V=2 -extldflags -static",
		"-tags", "x,y", "-o", "/out/", "example.org/a",
	}
	if got := g.argv("/out"); !slices.Equal(got, want) {
		t.Errorf("argv is %q, want %q", got, want)
	}
	if !slices.Contains(g.env(), "CGO_ENABLED=1") || !slices.Contains(goModule{}.env(), "CGO_ENABLED=0") {
		t.Error("cgo is not as the recipe says")
	}
}
