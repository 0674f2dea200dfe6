package certs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// withRegistry is the lab with a registry on the worker.
func withRegistry() *inventory.Cluster {
	c := lab()
	c.AddOns.Registry = inventory.RegistryAddOn{Enabled: true, Host: "w1", Name: "registry.cluster.local", Port: 5000}
	return c
}

// TestRegistryLogin: the password is made once and is its owner's to change, the hash is that of
// the password and no other than before, and what bcrypt would cut off is refused.
func TestRegistryLogin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	login := func(c *inventory.Cluster) (RegistryLogin, error) {
		t.Helper()
		store, err := At(dir)
		if err != nil {
			t.Fatal(err)
		}
		p, err := store.Preview(c, time.Now())
		if err != nil {
			return RegistryLogin{}, err
		}
		return p.Registry(), store.Keep(p)
	}
	if l, err := login(lab()); err != nil || l != (RegistryLogin{}) {
		t.Errorf("a cluster without a registry: %+v, %v", l, err)
	}
	first, err := login(withRegistry())
	hash, ours := strings.CutPrefix(strings.TrimSpace(first.Hash), "registry:")
	if err != nil || len(first.Password) < 20 || !ours ||
		bcrypt.CompareHashAndPassword([]byte(hash), []byte(first.Password)) != nil {
		t.Fatalf("the login is %+v, %v", first, err)
	}
	if again, err := login(withRegistry()); err != nil || again != first {
		t.Errorf("and then %+v, %v", again, err)
	}
	file := filepath.Join(dir, registryPassword)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the password: %v, %v", info, err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != first.Password+"\n" {
		t.Errorf("the file is not what docker login --password-stdin takes: %q, %v", text, err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("correct horse\n")
	changed, err := login(withRegistry())
	if err != nil || changed.Password != "correct horse" || changed.Hash == first.Hash || !changed.fits() {
		t.Errorf("after a change: %+v, %v", changed, err)
	}
	if got := changed.Basic(); got != "Basic cmVnaXN0cnk6Y29ycmVjdCBob3JzZQ==" {
		t.Errorf("as a header: %s", got)
	}
	for _, text := range []string{strings.Repeat("a", 73), "a\nb\n"} {
		write(text)
		if _, err := login(withRegistry()); fault.Of(err) != fault.RegistryPassword {
			t.Errorf("%q: %v", text, err)
		}
	}
	write("\n")
	if made, err := login(withRegistry()); err != nil || len(made.Password) < 20 {
		t.Errorf("after it was emptied: %+v, %v", made, err)
	}
}

// TestRegistryCertificate: the host of the registry alone has it, with the name that images have,
// and its user can read the key.
func TestRegistryCertificate(t *testing.T) {
	s, c := newStore(t), withRegistry()
	p := issue(t, s, c, start)
	if got := sans(certificate(t, s, "hosts/w1/registry")); !slices.Equal(got,
		[]string{"10.0.0.31", "127.0.0.1", "localhost", "registry.cluster.local", "w1"}) {
		t.Errorf("names %q", got)
	}
	for _, h := range c.Hosts {
		files := p.Files(h, "registry")
		if h.Name != "w1" && files != nil || h.Name == "w1" && len(files) != 2 {
			t.Errorf("%s has %d files", h.Name, len(files))
		}
		for _, f := range files {
			if f.Owner != "root:kbootstrap-registry" || f.Secret != (f.Mode == 0o640) {
				t.Errorf("%s: %s %04o, secret %t", f.Path, f.Owner, f.Mode, f.Secret)
			}
		}
	}
}
