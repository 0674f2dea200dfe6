package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// TestEncryptionKeys: a key is made once, a higher number makes another one that comes first, and
// what is damaged is never replaced.
func TestEncryptionKeys(t *testing.T) {
	c := lab()
	c.Security = inventory.Security{Encryption: inventory.Secretbox, EncryptionKey: 1}
	dir := filepath.Join(t.TempDir(), "pki")
	names := func() string {
		t.Helper()
		store, err := At(dir)
		if err != nil {
			t.Fatal(err)
		}
		p, err := store.Preview(c, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Keep(p); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, k := range p.EncryptionKeys() {
			all = append(all, k.Name+"="+k.Secret)
		}
		return strings.Join(all, " ")
	}
	one := names()
	if !strings.HasPrefix(one, "key1=") || names() != one {
		t.Errorf("the first key is %q, and then %q", one, names())
	}
	info, err := os.Stat(filepath.Join(dir, "encryption-1.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the key: %v, %v", info, err)
	}
	c.Security.EncryptionKey = 2
	two := names()
	if !strings.HasPrefix(two, "key2=") || !strings.HasSuffix(two, " "+one) || names() != two {
		t.Errorf("after another key: %q", two)
	}
	c.Security.EncryptionKey = 1
	if back := names(); !strings.HasPrefix(back, one+" key2=") {
		t.Errorf("back at the first key: %q", back)
	}
	c.Security.Encryption = inventory.NoEncryption
	if both := names(); !strings.HasPrefix(both, one+" key2=") {
		t.Errorf("what is not encrypted any more cannot be read: %q", both)
	}

	if err := os.WriteFile(filepath.Join(dir, "encryption-2.key"), []byte("c2hvcnQ=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := At(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Preview(c, time.Now()); fault.Of(err) != fault.EncryptionKeyDamaged {
		t.Errorf("a damaged key: %v", err)
	}
}
