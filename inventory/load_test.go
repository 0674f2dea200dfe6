package inventory_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

func TestValid(t *testing.T) {
	t.Setenv("HOME", "/home/user")
	for _, file := range inputs(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parse("clusters/hosts.yaml", data)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(c, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".golden", string(text)+"\n")
		})
	}
}

func TestTemplateIsValid(t *testing.T) {
	c, err := parse("hosts.yaml", []byte(inventory.Template()))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Hosts) != 3 || len(c.With(inventory.ControlPlane)) != 1 || len(c.With(inventory.Worker)) != 2 {
		t.Errorf("hosts %+v, want one control plane and two workers", c.Hosts)
	}
}

// TestTemplateComments uncomments everything that the template shows as a default and expects a
// valid inventory, so that what it tells to write is right.
func TestTemplateComments(t *testing.T) {
	// A commented field begins with its key and a colon, or is an item of a list; no prose of the
	// template does. The fingerprint is a placeholder, and the schema is for editors.
	commented := regexp.MustCompile(`^( *)# ( *([A-Za-z-]+:( .*)?|- [^ ]+))$`)
	var out []string
	for _, line := range strings.Split(inventory.Template(), "\n") {
		if m := commented.FindStringSubmatch(line); m != nil && !strings.Contains(line, "SHA256:...") &&
			!strings.Contains(line, "$schema=") {
			line = m[1] + m[2]
		}
		out = append(out, line)
	}
	text := strings.Join(out, "\n")
	for _, want := range []string{"\n  etcd: 3.6.14", "\n    port: 8472", "\n  lock: ", "\n      disk: ssd",
		"\n      - dedicated=db"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was not uncommented", want)
		}
	}
	if _, err := parse("hosts.yaml", []byte(text)); err != nil {
		t.Errorf("%v\nin\n%s", err, text)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hosts.yaml")
	if err := os.WriteFile(path, []byte(base), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := inventory.Load(path, component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, ".kbootstrap", "demo"); c.File != path || c.StateDir() != want {
		t.Errorf("File %s, StateDir %s; want %s, %s", c.File, c.StateDir(), path, want)
	}
}

func TestLoadMissingFile(t *testing.T) {
	_, err := inventory.Load(filepath.Join(t.TempDir(), "hosts.yaml"), component.Rules())
	var hinted interface{ Hint() string }
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &hinted) ||
		!strings.Contains(hinted.Hint(), "kbootstrap init") {
		t.Errorf("error %v, want that the file does not exist and a hint of kbootstrap init", err)
	}
}

func TestLoadDirectory(t *testing.T) {
	if c, err := inventory.Load(t.TempDir(), component.Rules()); err == nil {
		t.Errorf("loaded %v from a directory", c)
	}
}

// TestSize tests the bounds that keep the parser from running for minutes.
func TestSize(t *testing.T) {
	for name, data := range map[string]string{
		"bytes":  base + "#" + strings.Repeat("x", inventory.MaxBytes),
		"tokens": base + strings.Repeat("a:\n", 60_000),
		"dashes": base + "x: \n  " + strings.Repeat("- ", 10_000),
		"braces": base + "x: " + strings.Repeat("{a: ", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("hosts.yaml", []byte(data))
			var problems inventory.Problems
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("error %.300v, want one problem", err)
			}
			if m := problems[0].Message; !strings.Contains(m, "too large") && !strings.Contains(m, "larger than") &&
				!strings.Contains(m, "too deeply") {
				t.Errorf("message %q, want that it is too large or too deep", m)
			}
		})
	}
}

// TestThousandHosts is here for the size that is allowed.
func TestThousandHosts(t *testing.T) {
	var b strings.Builder
	b.WriteString("cluster: big\nkubernetes: v1.36.3\nnetwork: {pods: 10.0.0.0/12}\nhosts:\n  - {name: cp, address: " +
		"192.168.0.1, roles: [etcd, control-plane]}\n")
	for i := range 1000 {
		name := string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10))
		b.WriteString("  - name: " + name + "\n    address: 192.168." + strconv.Itoa(4+i/250) +
			"." + strconv.Itoa(1+i%250) +
			"\n    roles: [worker]\n    ssh: {port: 22, key: id}\n    labels: {a: b, c: d, e: f}\n")
	}
	data := strings.Replace(b.String(), "10.0.0.0/12", "10.0.0.0/12, services: 10.96.0.0/16", 1)
	c, err := parse("hosts.yaml", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Hosts) != 1001 {
		t.Errorf("%d hosts, want 1001", len(c.Hosts))
	}
}
