package certs

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// onHosts is what the hosts of a cluster have.
func onHosts(p *PKI, c *inventory.Cluster) OnHosts {
	found := OnHosts{}
	for _, h := range c.Hosts {
		found[h.Name] = map[string][]byte{}
		for _, component := range append(components, "kube-router") {
			for _, f := range p.Files(h, component) {
				found[h.Name][f.Path] = f.Content
			}
		}
	}
	return found
}

// stored are the files of a store.
func stored(t *testing.T, s *Store) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name := range snapshot(t, s.dir) {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err == nil && name != ".lock" {
			files[name] = text
		}
	}
	return files
}

// TestKeptOn: what is asked of hosts is what they have, but for copies of the same.
func TestKeptOn(t *testing.T) {
	c := lab()
	p := issue(t, newStore(t), c, start)
	found := onHosts(p, c)
	for _, h := range c.Hosts {
		for _, path := range KeptOn(c, h) {
			if found[h.Name][path] == nil {
				t.Errorf("%s has no %s", h.Name, path)
			}
		}
	}
}

// TestAdoptWithBackup: with a backup the store is what it was; what hosts have of their own is
// newer.
func TestAdoptWithBackup(t *testing.T) {
	c := lab()
	s := newStore(t)
	issue(t, s, c, start)
	backup := stored(t, s)
	later := start.AddDate(0, 11, 0)
	p := issue(t, s, c, later) // all are renewed after the backup
	want := stored(t, s)
	a, err := Adopt(c, onHosts(p, c), p.EncryptionKeys(), backup, later)
	if err != nil {
		t.Fatal(err)
	}
	if a.Lost != nil {
		t.Errorf("lost: %v", a.Lost)
	}
	for name, text := range want {
		if strings.HasPrefix(name, "hosts/") && !bytes.Equal(a.Files[name], text) {
			t.Errorf("%s is not what the host has", name)
		}
	}
	if got, want := slices.Sorted(maps.Keys(a.Files)), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
		t.Errorf("the store has %v, want %v", got, want)
	}
}

// TestAdoptRefuses: a backup of another cluster, or of before a rotation, is not believed; and
// without one hosts have to agree, and tell enough.
func TestAdoptRefuses(t *testing.T) {
	c := lab()
	other := newStore(t)
	issue(t, other, c, start)
	s := newStore(t)
	issue(t, s, c, start)
	backup := stored(t, s)
	p, err := s.PreviewWith(c, start, Change{Rotation: Rotation{Of: RotateEtcd, To: Trust}})
	if err != nil {
		t.Fatal(err)
	}
	q := issue(t, newStore(t), c, start)
	mixed := onHosts(q, c)
	mixed["w1"] = onHosts(p, c)["w1"]
	silent := onHosts(q, c)
	delete(silent, "cp1")
	for what, test := range map[string]struct {
		found  OnHosts
		backup map[string][]byte
	}{
		"another cluster's":         {onHosts(p, c), stored(t, other)},
		"older than a rotation":     {onHosts(p, c), backup},
		"a rotation, and no backup": {onHosts(p, c), nil},
		"hosts of two clusters":     {mixed, nil},
		"no control plane":          {silent, nil},
	} {
		if _, err := Adopt(c, test.found, nil, test.backup, start); fault.Of(err) != fault.AdoptForeign {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAdoptWithoutBackup: what hosts have stays, to the byte. The keys of two authorities are lost:
// their successors are trusted, then issue, and in the end nothing is left of the old ones. What
// the lost ones would have to sign is refused, and so is the way back.
func TestAdoptWithoutBackup(t *testing.T) {
	c := lab()
	was := issue(t, newStore(t), c, start)
	found := onHosts(was, c)
	a, err := Adopt(c, found, was.EncryptionKeys(), nil, start)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{RotateEtcd, RotateFrontProxy}; !slices.Equal(a.Lost, want) {
		t.Errorf("lost: %v, want %v", a.Lost, want)
	}
	s := newStore(t)
	refused := os.ErrInvalid
	if err := s.Replace(a.Files, "", func(*Store) error { return refused }); err == nil || len(stored(t, s)) > 0 {
		t.Errorf("a store that is not usable is there: %v", err)
	}
	if err := s.Replace(a.Files, "", func(*Store) error { return nil }); err != nil {
		t.Fatal(err)
	}
	p := issue(t, s, c, start)
	for host, files := range onHosts(p, c) {
		for path, text := range files {
			trusts := strings.HasSuffix(path, "/ca.crt") || strings.HasSuffix(path, "/front-proxy-ca.crt")
			isAdmin := path == "/etc/kubernetes/admin.conf"
			if bytes.Equal(text, found[host][path]) || isAdmin {
				continue
			}
			if !trusts || !bytes.HasPrefix(text, found[host][path]) {
				t.Errorf("%s: %s is another", host, path)
			}
		}
	}
	if _, err := s.Preview(c, start.AddDate(0, 11, 0)); fault.Of(err) != fault.AuthorityLost {
		t.Errorf("a lost key signs: %v", err)
	}
	for _, of := range a.Lost {
		rotate := func(to Stage) error {
			p, err := s.PreviewWith(c, start, Change{Rotation: Rotation{Of: of, To: to}})
			if err == nil {
				err = s.Keep(p)
			}
			return err
		}
		if err := rotate(Stable); fault.Of(err) != fault.RotationOrder {
			t.Errorf("%s: back to stable: %v", of, err)
		}
		if err := rotate(Issue); err != nil {
			t.Fatalf("%s: %v", of, err)
		}
		if err := rotate(Trust); fault.Of(err) != fault.RotationOrder {
			t.Errorf("%s: back to trust: %v", of, err)
		}
		if err := rotate(Distrust); err != nil {
			t.Fatalf("%s: %v", of, err)
		}
	}
	if p, err = s.Preview(c, start.AddDate(0, 11, 0)); err != nil {
		t.Fatal(err)
	}
	for of, stage := range p.Stages() {
		if stage != Stable {
			t.Errorf("%s is in the stage %s", of, stage)
		}
	}
}

// TestReplace: what is there changes at once, is kept where that is wanted, and stays where what
// comes is not usable.
func TestReplace(t *testing.T) {
	c := lab()
	s, other := newStore(t), newStore(t)
	issue(t, s, c, start)
	issue(t, other, c, start)
	before, files := stored(t, s), stored(t, other)
	if err := s.Replace(files, "", func(*Store) error { return os.ErrInvalid }); err == nil {
		t.Error("what is not usable has come")
	}
	if !maps.EqualFunc(before, stored(t, s), bytes.Equal) {
		t.Error("what was there has changed")
	}
	if known, err := s.KnowsAuthorities(other); err != nil || known {
		t.Errorf("two clusters know each other: %v", err)
	}
	if err := s.Replace(files, ".kept", func(*Store) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(files, stored(t, s), bytes.Equal) {
		t.Error("what has come is another")
	}
	if !maps.EqualFunc(before, stored(t, &Store{dir: s.dir + ".kept"}), bytes.Equal) {
		t.Error("what was there is not kept")
	}
	if known, err := s.KnowsAuthorities(other); err != nil || !known {
		t.Errorf("the same authorities are not known: %v", err)
	}
	if _, err := s.Files(); fault.Of(err) != fault.SharedInClear {
		t.Errorf("a store in the clear is shared: %v", err)
	}
}
