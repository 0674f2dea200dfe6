package components

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUpstreamVersion(t *testing.T) {
	for debian, want := range map[string]string{
		"20.10.24+dfsg1-1+deb12u1+b6": "20.10.24",
		"1.1.5+ds1-1+deb12u1":         "1.1.5",
		"1:1.35.0-4+deb12u1+b1":       "1.35.0",
		"0.19.0-1+b3":                 "0.19.0",
		"2.0-rc1-3":                   "2.0-rc1",
		"1.0":                         "1.0",
	} {
		if got := upstreamVersion(debian); got != want {
			t.Errorf("upstreamVersion(%q) = %q, want %q", debian, got, want)
		}
	}
}

// debianPackage makes a package with one program, by the real tool.
func debianPackage(t *testing.T, work, name, version string) {
	t.Helper()
	tree := t.TempDir()
	for path, text := range map[string]string{
		"DEBIAN/control": "Package: " + name + "\nVersion: " + version +
			"\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: test\n",
		"usr/bin/" + name: "program " + name,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, path), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(work, name+"_"+strings.ReplaceAll(version, ":", "%3a")+"_all.deb")
	if _, err := run(t.Context(), command{argv: []string{"dpkg-deb", "--build", tree, deb}}); err != nil {
		t.Fatal(err)
	}
}

func TestUnpack(t *testing.T) {
	work, dir := t.TempDir(), t.TempDir()
	debianPackage(t, work, "runc", "1:1.1.5+ds1-1")
	debianPackage(t, work, "tini", "0.19.0-1")
	d := debianPackages{
		Packages: map[string]string{"runc": "1.1.5", "tini": "0.19.0"},
		Take:     map[string]string{"runc": "usr/bin/runc", "docker-init": "usr/bin/tini"},
	}
	if err := d.unpack(t.Context(), work, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"runc": "program runc", "docker-init": "program tini"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != want {
			t.Errorf("%s is %q, want %q", name, text, want)
		}
	}
}

func TestUnpackRefusesAnotherVersion(t *testing.T) {
	work := t.TempDir()
	debianPackage(t, work, "runc", "1.3.0-1")
	err := debianPackages{Packages: map[string]string{"runc": "1.1.5"}}.unpack(t.Context(), work, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "1.3.0, not 1.1.5") {
		t.Errorf("error is %v", err)
	}
}
