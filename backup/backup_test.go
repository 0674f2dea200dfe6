package backup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"filippo.io/age"

	"kbootstrap/backup"
	"kbootstrap/fault"
)

const secret = "correct horse battery staple"

// content is a small backup, and its snapshot.
func content() (backup.Content, []byte) {
	snapshot := bytes.Repeat([]byte("etcd\x00"+secret), 5000)
	sum := sha256.Sum256(snapshot)
	c := backup.Content{
		Manifest: backup.Manifest{Cluster: "demo", Created: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)},
		Files: map[string][]byte{
			"state/pki/ca.key": []byte(secret), "inventory/hosts.yaml": []byte("cluster: demo\n"),
		},
		Snapshot: bytes.NewReader(snapshot), Size: int64(len(snapshot)), SHA256: hex.EncodeToString(sum[:]),
	}
	return c, snapshot
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// written writes a backup into a private directory.
func written(t *testing.T, recipients ...age.Recipient) string {
	t.Helper()
	c, _ := content()
	path := filepath.Join(privateDir(t), "demo.kbackup")
	if _, err := backup.Write(path, c, recipients); err != nil {
		t.Fatal(err)
	}
	return path
}

func privateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRoundTrip: what was written is read again, by each of the recipients and in the clear.
func TestRoundTrip(t *testing.T) {
	one, two := identity(t), identity(t)
	_, want := content()
	for name, test := range map[string]struct {
		recipients []age.Recipient
		identities []age.Identity
	}{
		"first":        {[]age.Recipient{one.Recipient(), two.Recipient()}, []age.Identity{one}},
		"second":       {[]age.Recipient{one.Recipient(), two.Recipient()}, []age.Identity{two}},
		"in the clear": {},
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t, test.recipients...)
			if sealed, err := backup.IsSealed(path); err != nil || sealed != (test.recipients != nil) {
				t.Errorf("IsSealed says %v, %v", sealed, err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("the file has mode %v, %v", info.Mode(), err)
			}
			var snapshot bytes.Buffer
			set, err := backup.Read(path, test.identities, &snapshot)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(snapshot.Bytes(), want) || string(set.Files["state/pki/ca.key"]) != secret {
				t.Error("something else was read than written")
			}
			if m := set.Manifest; m.Cluster != "demo" || len(m.Files) != 3 || m.Snapshot().Size != int64(len(want)) {
				t.Errorf("the manifest is %+v", m)
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if test.recipients != nil && bytes.Contains(raw, []byte(secret)) {
				t.Error("a secret is in the clear")
			}
		})
	}
}

// TestDamaged: a backup that is cut off anywhere, or changed anywhere, is not used.
func TestDamaged(t *testing.T) {
	key := identity(t)
	for name, recipients := range map[string][]age.Recipient{"sealed": {key.Recipient()}, "clear": nil} {
		path := written(t, recipients...)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, want := content()
		// read returns an error unless all is what was written: a bit that zstd does not use may
		// change.
		read := func(raw []byte) error {
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			var snapshot bytes.Buffer
			set, err := backup.Read(path, []age.Identity{key}, &snapshot)
			if err == nil && (!bytes.Equal(snapshot.Bytes(), want) || string(set.Files["state/pki/ca.key"]) != secret) {
				t.Error("something else was read than written, without an error")
			}
			return err
		}
		if err := read(whole); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for at := 0; at < len(whole); at += max(1, len(whole)/40) {
			if err := read(whole[:at]); fault.Of(err) != fault.BackupDamaged {
				t.Errorf("%s: cut off after %d of %d bytes: %v", name, at, len(whole), err)
			}
			changed := bytes.Clone(whole)
			changed[at] ^= 0x10
			err := read(changed)
			isTold := fault.Of(err) == fault.BackupDamaged || fault.Of(err) == fault.BackupNotOpened
			if !isTold && (err != nil || recipients != nil) {
				t.Errorf("%s: with byte %d changed: %v", name, at, err)
			}
		}
		if err := read(append(bytes.Clone(whole), "more"...)); fault.Of(err) != fault.BackupDamaged {
			t.Errorf("%s: with something behind it: %v", name, err)
		}
	}
}

// TestNotOpened: who is no recipient opens nothing.
func TestNotOpened(t *testing.T) {
	path := written(t, identity(t).Recipient())
	for name, identities := range map[string][]age.Identity{"none": nil, "another": {identity(t)}} {
		if _, err := backup.Read(path, identities, io.Discard); fault.Of(err) != fault.BackupNotOpened {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNothingHalfDone: a snapshot that is cut off, changed or fails leaves no file, and the one
// that was there.
func TestNothingHalfDone(t *testing.T) {
	_, snapshot := content()
	for name, from := range map[string]io.Reader{
		"cut off": bytes.NewReader(snapshot[:len(snapshot)-1]),
		"longer":  bytes.NewReader(append(bytes.Clone(snapshot), 'x')),
		"changed": bytes.NewReader(bytes.ToUpper(snapshot)),
		"failed":  io.MultiReader(bytes.NewReader(snapshot[:100]), iotest.ErrReader(errors.New("gone"))),
	} {
		t.Run(name, func(t *testing.T) {
			dir := privateDir(t)
			path := filepath.Join(dir, "demo.kbackup")
			if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
				t.Fatal(err)
			}
			c, _ := content()
			c.Snapshot = from
			if _, err := backup.Write(path, c, nil); err == nil {
				t.Fatal("it was written")
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("the directory has %v, %v", entries, err)
			}
			if text, _ := os.ReadFile(path); string(text) != "older" {
				t.Errorf("the older one is %.20q now", text)
			}
		})
	}
}

// TestPlace: where others could change the file, or read one in the clear, nothing is written.
func TestPlace(t *testing.T) {
	key := identity(t)
	for _, test := range []struct {
		mode   os.FileMode
		sealed bool
		fits   bool
	}{
		{0o700, false, true}, {0o700, true, true}, {0o755, true, true}, {0o777 | os.ModeSticky, true, true},
		{0o755, false, false}, {0o777, true, false}, {0o770, true, false}, {0o777 | os.ModeSticky, false, false},
	} {
		dir := t.TempDir()
		if err := os.Chmod(dir, test.mode); err != nil {
			t.Fatal(err)
		}
		var recipients []age.Recipient
		if test.sealed {
			recipients = []age.Recipient{key.Recipient()}
		}
		c, _ := content()
		_, err := backup.Write(filepath.Join(dir, "demo.kbackup"), c, recipients)
		if test.fits && err != nil || !test.fits && fault.Of(err) != fault.BackupPlace {
			t.Errorf("mode %v, sealed %v: %v", test.mode, test.sealed, err)
		}
	}
}

// TestNamed: the error names the file.
func TestNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.kbackup")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Read(path, nil, io.Discard); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
