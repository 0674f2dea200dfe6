package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli/clitest"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

var (
	blockPattern = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	spanPattern  = regexp.MustCompile("`(kbootstrap [a-z][^`\n]*)`")
	codePattern  = regexp.MustCompile(`\bKB[1-9]\d{3}\b`)
)

// TestDocsCalls parses each call of the tool that a page shows, in a block or within a sentence:
// the command exists, takes these flags, and as many arguments.
func TestDocsCalls(t *testing.T) {
	calls := 0
	newRoot := func() *cobra.Command { return (&app{}).root() }
	walkPages(t, func(page, text string) {
		for _, line := range linesTyped(text) {
			isProgress := strings.HasPrefix(line, "kbootstrap: ")
			if !isProgress && strings.Contains(line, "kbootstrap ") {
				calls += clitest.Line(t, newRoot, page, line)
			}
		}
		for _, span := range spanPattern.FindAllStringSubmatch(text, -1) {
			cmd, args, err := newRoot().Find(strings.Fields(span[1])[1:])
			if err == nil && cmd.HasParent() && len(args) == 0 {
				calls++ // the name of a command is no call
				continue
			}
			calls += clitest.Line(t, newRoot, page, span[1])
		}
	})
	if calls < 300 {
		t.Errorf("only %d calls were found", calls)
	}
}

// linesTyped returns the lines that a page shows as typed: those of indented blocks, and of fenced
// ones without a language, or with that of a shell.
func linesTyped(text string) []string {
	var lines []string
	for _, block := range blockPattern.FindAllStringSubmatch(text, -1) {
		switch block[1] {
		case "", "console", "sh", "bash":
			for line := range strings.Lines(block[2]) {
				lines = append(lines, strings.TrimPrefix(strings.TrimSpace(line), "$ "))
			}
		}
	}
	for line := range strings.Lines(blockPattern.ReplaceAllString(text, "")) {
		if strings.HasPrefix(line, "    ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// TestDocsSnippets decodes each part of an inventory that a page shows: what it leaves out of a
// whole one is added.
func TestDocsSnippets(t *testing.T) {
	shown := 0
	path := filepath.Join(t.TempDir(), "demo", "hosts.yaml")
	makeNamed(t, filepath.Dir(path))
	walkPages(t, func(page, text string) {
		for _, block := range blockPattern.FindAllStringSubmatch(text, -1) {
			if block[1] != "yaml" {
				continue
			}
			whole, ours := complete(block[2])
			if !ours {
				continue
			}
			shown++
			if _, err := inventory.Parse(path, []byte(whole), component.Rules()); err != nil {
				t.Errorf("%s: %v\nin\n%s", page, err, block[2])
			}
		}
	})
	if shown < 25 {
		t.Errorf("only %d parts of inventories were found", shown)
	}
}

// complete makes an inventory of a part of one, and reports whether the part is of an inventory.
func complete(part string) (string, bool) {
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(part), &fields); err != nil || len(fields) == 0 {
		return "", false
	}
	known := map[string]string{
		"cluster": "cluster: demo\n", "kubernetes": "kubernetes: v1.36.3\n",
		"hosts": "hosts: [{name: cp1, address: 192.168.56.11, roles: [etcd, control-plane]}, " +
			"{name: w1, address: 192.168.56.21, roles: [worker]}]\n",
		"versions": "", "network": "", "runtime": "", "cri": "", "firewall": "", "selinux": "", "restoreOnReset": "",
		"security": "", "addons": "", "registries": "", "artifacts": "", "ssh": "", "arguments": "",
	}
	ours := false
	for field := range fields {
		if _, ok := known[field]; ok {
			ours = true // so that one that is not known is a mistake
		}
	}
	for _, other := range []string{"apiVersion", "version"} { // an object of the API, a lock
		if _, ok := fields[other]; ok || !ours {
			return "", false
		}
	}
	for _, field := range []string{"cluster", "kubernetes", "hosts"} {
		if _, ok := fields[field]; !ok {
			part += known[field]
		}
	}
	return part, true
}

// makeNamed makes the files next to an inventory that pages name.
func makeNamed(t *testing.T, dir string) {
	t.Helper()
	web := readDoc(t, "examples/guestbook/web.yaml")
	for name, text := range map[string]string{
		"manifests/web.yaml": web, "examples/guestbook/web.yaml": web,
		"../shared/policies.yaml": readDoc(t, "examples/guestbook/primary.yaml"),
		"corp-ca.crt":             authority(t),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// authority returns the certificate of an authority.
func authority(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "corp"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestDocsCodes: a page names no code that the catalogue lacks.
func TestDocsCodes(t *testing.T) {
	named := 0
	walkPages(t, func(page, text string) {
		for _, code := range codePattern.FindAllString(text, -1) {
			named++
			if _, ok := fault.Lookup(fault.Code(code)); !ok {
				t.Errorf("%s names %s, and there is no such code", page, code)
			}
		}
	})
	if named < 400 {
		t.Errorf("only %d codes were found", named)
	}
}

// walkPages reads the pages for users. Decisions and changes tell of what was, and docs/cli is
// written by the commands.
func walkPages(t *testing.T, visit func(page, text string)) {
	t.Helper()
	walk(t, ".md", func(path string, text []byte) {
		page, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{"docs/decisions/", "docs/cli/", "CHANGELOG.md"} {
			if strings.HasPrefix(page, other) {
				return
			}
		}
		visit(page, string(text))
	})
}
