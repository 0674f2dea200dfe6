package components

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packed makes a package of files of this machine, by the real tool.
func packed(t *testing.T, work, name string, files map[string]string) {
	t.Helper()
	tree := t.TempDir()
	for path, from := range files {
		if err := copyInto(filepath.Join(tree, path), from); err != nil {
			t.Fatal(err)
		}
	}
	control := "Package: " + name + "\nVersion: 1.0-1\nArchitecture: all\nMaintainer: test <test@example.org>\n" +
		"Description: test\n"
	if err := os.Mkdir(filepath.Join(tree, "DEBIAN"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree, "DEBIAN/control"), []byte(control), 0o644); err != nil {
		t.Fatal(err)
	}
	deb := filepath.Join(work, name+"_1.0-1_all.deb")
	if _, err := run(t.Context(), command{argv: []string{"dpkg-deb", "--build", tree, deb}}); err != nil {
		t.Fatal(err)
	}
}

// TestRoot makes a root with a program of this machine and the libraries that it names. The loader
// of the root runs the program with these alone; and a library that no package has is missed.
func TestRoot(t *testing.T) {
	program, err := exec.LookPath("ls")
	if err != nil {
		t.Fatal(err)
	}
	loader, err := loaderOf(program)
	if err != nil {
		t.Fatal(err)
	}
	out, err := run(t.Context(), command{argv: []string{loader, "--list", program}})
	if err != nil {
		t.Fatal(err)
	}
	libraries := map[string]string{}
	for line := range strings.Lines(out) {
		if name, at, found := strings.Cut(strings.TrimSpace(line), " => "); found && !filepath.IsAbs(name) {
			libraries[name], _, _ = strings.Cut(at, " ")
		}
	}
	if len(libraries) < 2 {
		t.Fatalf("%s has the libraries %q", program, libraries)
	}
	real, err := filepath.EvalSymlinks(loader)
	if err != nil {
		t.Fatal(err)
	}
	of := filepath.Base(filepath.Dir(real))
	root := debianRoot{
		Root: "lister", Packages: map[string]string{"lister": "1.0"}, Libraries: []string{"loader", "rest"},
		Take: map[string]string{"bin/list": "usr/bin/lister"},
	}
	work := t.TempDir()
	packed(t, work, "lister", map[string]string{"usr/bin/lister": program})
	packed(t, work, "loader", map[string]string{
		"lib/" + of + "/" + filepath.Base(real): real, "lib/" + of + "/libc.so.6": libraries["libc.so.6"],
	})
	if err := root.unpack(t.Context(), work, t.TempDir()); err == nil {
		t.Error("libraries are missing, and nothing is said of it")
	}
	rest := map[string]string{}
	for name, at := range libraries {
		rest["usr/lib/"+of+"/"+name] = at
	}
	packed(t, work, "rest", rest)
	dir := t.TempDir()
	if err := root.unpack(t.Context(), work, dir); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, "lister")
	listed, err := run(t.Context(), command{argv: []string{
		filepath.Join(made, loader), "--inhibit-cache", "--library-path", filepath.Join(made, "lib", of),
		filepath.Join(made, "bin/list"), filepath.Join(made, "lib", of),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range libraries {
		if !strings.Contains(listed, name+"\n") {
			t.Errorf("%s is not in the root: %s", name, listed)
		}
	}
	members, err := image{Root: "lister"}.members(dir)
	if err != nil || len(members) != len(libraries)+2 {
		t.Errorf("the image has %v, %v", members, err)
	}
}
