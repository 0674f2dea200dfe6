package certs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"kbootstrap/fault"
)

// key makes an identity of age, its public key and an unlocker that has it.
func key(t *testing.T) (*age.X25519Identity, Sealing, Unlocker) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	unlock := func(string, bool) (Keys, error) { return Keys{Identities: []age.Identity{identity}}, nil }
	return identity, Sealing{Recipients: []string{identity.Recipient().String()}}, unlock
}

// inTheClear returns the files of a store that are not certificates, public keys or the tool's own.
func inTheClear(t *testing.T, s *Store) []string {
	t.Helper()
	dir, err := os.OpenRoot(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	names, err := secretFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// again is the same store as another run sees it.
func again(t *testing.T, s *Store, unlock Unlocker) *Store {
	t.Helper()
	other, err := At(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return other.Unlocked(unlock)
}

// TestSealed: a store that is sealed has no secret in the clear, says the same as before to who has
// a key, and what is issued later is sealed too. Unsealed it is what it was, to the byte.
func TestSealed(t *testing.T) {
	_, to, unlock := key(t)
	s := newStore(t)
	issue(t, s, lab(), start)
	before := snapshot(t, s.dir)
	caKey, err := os.ReadFile(filepath.Join(s.dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := again(t, s, unlock).Seal(to); err != nil {
		t.Fatal(err)
	}
	if left := inTheClear(t, s); len(left) > 0 {
		t.Errorf("in the clear: %v", left)
	}
	line := bytes.Split(caKey, []byte("\n"))[1]
	err = fs.WalkDir(os.DirFS(s.dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if bytes.Contains(text, line) {
			t.Errorf("%s has the authority's key", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := again(t, s, unlock).Preview(lab(), start)
	if err != nil {
		t.Fatal(err)
	}
	if issued := p.Issued(); len(issued) > 0 {
		t.Errorf("issued again: %v", issued)
	}

	later := start.AddDate(0, 11, 0)
	other := again(t, s, unlock)
	if p, err = other.Preview(lab(), later); err != nil {
		t.Fatal(err)
	}
	if err := other.Keep(p); err != nil {
		t.Fatal(err)
	}
	if left := inTheClear(t, s); len(left) > 0 {
		t.Errorf("in the clear after a renewal: %v", left)
	}
	if p, err = again(t, s, unlock).Preview(lab(), later); err != nil || len(p.Issued()) > 0 {
		t.Errorf("what was renewed is not kept: %v", err)
	}

	if err := again(t, s, unlock).Unseal(); err != nil {
		t.Fatal(err)
	}
	after := snapshot(t, s.dir)
	for name := range before {
		if _, ok := after[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files, then %d", len(before), len(after))
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, "ca.key")); err != nil || !bytes.Equal(text, caKey) {
		t.Errorf("ca.key is not what it was: %v", err)
	}
	if _, err := again(t, s, nil).Preview(lab(), later); err != nil {
		t.Error(err)
	}
}

// TestSealedForOthers: without a key that opens it nothing of a sealed store is read or changed,
// and no user can seal one so that no key at hand opens it.
func TestSealedForOthers(t *testing.T) {
	_, mine, unlock := key(t)
	_, theirs, unlockTheirs := key(t)
	s := newStore(t)
	issue(t, s, lab(), start)
	before := snapshot(t, s.dir)
	refuse := func(what string, err error, code fault.Code) {
		t.Helper()
		if fault.Of(err) != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	refuse("for others", again(t, s, unlock).Seal(theirs), fault.StateSealed)
	refuse("for no key", again(t, s, unlock).Seal(Sealing{}), fault.SealForNobody)
	refuse("for a word", again(t, s, unlock).Seal(Sealing{Recipients: []string{"me"}}), fault.SealForNobody)
	if now := snapshot(t, s.dir); len(now) != len(before) || now["ca.key"] != before["ca.key"] {
		t.Error("a refused sealing has changed the store")
	}
	if err := again(t, s, unlock).Seal(mine); err != nil {
		t.Fatal(err)
	}
	before = snapshot(t, s.dir)
	for what, with := range map[string]Unlocker{"with another key": unlockTheirs, "with none": nil} {
		_, err := again(t, s, with).Preview(lab(), start)
		refuse(what, err, fault.StateSealed)
		refuse(what, again(t, s, with).Unseal(), fault.StateSealed)
		refuse(what, again(t, s, with).Seal(theirs), fault.StateSealed)
	}
	if now := snapshot(t, s.dir); len(now) != len(before) || now[SealedName] != before[SealedName] {
		t.Error("who cannot open the store has changed it")
	}
	if public, err := again(t, s, nil).Public(); err != nil || len(public) == 0 {
		t.Errorf("what is public takes a key: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, SealedName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, SealedName), text[:len(text)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = again(t, s, unlock).Preview(lab(), start)
	refuse("cut off", err, fault.SealedDamaged)
}

// TestSealedWithPassphrase: what is written later is sealed with the same passphrase.
func TestSealedWithPassphrase(t *testing.T) {
	with := func(passphrase string) Unlocker {
		return func(_ string, byPassphrase bool) (Keys, error) {
			if !byPassphrase {
				t.Error("an identity is asked for")
			}
			return Keys{Passphrase: passphrase}, nil
		}
	}
	s := newStore(t)
	issue(t, s, lab(), start)
	if err := again(t, s, nil).Seal(Sealing{Passphrase: "right"}); err != nil {
		t.Fatal(err)
	}
	_, err := again(t, s, with("wrong")).Preview(lab(), start)
	if fault.Of(err) != fault.StateSealed || !strings.Contains(err.Error(), "not the passphrase") {
		t.Errorf("a wrong passphrase: %v", err)
	}
	other := again(t, s, with("right"))
	p, err := other.Preview(lab(), start.AddDate(0, 11, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Keep(p); err != nil {
		t.Fatal(err)
	}
	if _, err := again(t, s, with("right")).Preview(lab(), start.AddDate(0, 11, 0)); err != nil {
		t.Error(err)
	}
}

// TestSealCutOff: files in the clear that a killed run has left say what the sealed file says, do
// no harm, and go with the next change. Others are never ignored.
func TestSealCutOff(t *testing.T) {
	_, to, unlock := key(t)
	s := newStore(t)
	issue(t, s, lab(), start)
	caKey, err := os.ReadFile(filepath.Join(s.dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := again(t, s, unlock).Seal(to); err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.dir, "ca.key"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for what, finish := range map[string]func(*Store) error{
		"the same call": func(s *Store) error { return s.Seal(to) },
		"a renewal": func(s *Store) error {
			p, err := s.Preview(lab(), start.AddDate(0, 11, 0))
			if err != nil {
				return err
			}
			return s.Keep(p)
		},
	} {
		put(caKey)
		if err := finish(again(t, s, unlock)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if left := inTheClear(t, s); len(left) > 0 {
			t.Errorf("%s leaves %v", what, left)
		}
	}
	put(slices.Concat(caKey, caKey))
	if _, err := again(t, s, unlock).Preview(lab(), start); fault.Of(err) != fault.StateMixed {
		t.Errorf("another key in the clear: %v", err)
	}
}

// TestSealedRotation: the stages of a rotation go through a store that is sealed as through
// another.
func TestSealedRotation(t *testing.T) {
	_, to, unlock := key(t)
	s := newStore(t)
	issue(t, s, lab(), start)
	if err := again(t, s, unlock).Seal(to); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{RotateEtcd, RotateServiceAccount} {
		for _, stage := range []Stage{Trust, Issue, Distrust} {
			other := again(t, s, unlock)
			p, err := other.PreviewWith(lab(), start, Change{Rotation: Rotation{Of: of, To: stage}})
			if err != nil {
				t.Fatalf("%s %s: %v", of, stage, err)
			}
			if err := other.Keep(p); err != nil {
				t.Fatalf("%s %s: %v", of, stage, err)
			}
			if p, err = again(t, s, unlock).Preview(lab(), start); err != nil {
				t.Fatalf("%s %s: %v", of, stage, err)
			}
			if want := map[Stage]Stage{Distrust: Stable}[stage]; p.Stages()[of] != stage && p.Stages()[of] != want {
				t.Errorf("%s is in the stage %s, want %s", of, p.Stages()[of], stage)
			}
		}
	}
	if left := inTheClear(t, s); len(left) > 0 {
		t.Errorf("in the clear: %v", left)
	}
}
