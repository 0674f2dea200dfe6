package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/backup"
	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/guard"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// restoreSet is a backup of a cluster whose keys are in its state directory.
func restoreSet(t *testing.T, c *inventory.Cluster) *RestoreSet {
	t.Helper()
	store, err := certs.At(filepath.Join(c.StateDir(), "pki"))
	if err != nil {
		t.Fatal(err)
	}
	pki, err := store.Preview(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Keep(pki); err != nil {
		t.Fatal(err)
	}
	set := &RestoreSet{Set: backup.Set{Files: map[string][]byte{}}}
	if err := os.WriteFile(c.File, []byte("cluster: "+c.Name+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := addState(&Run{Cluster: c}, set.Files); err != nil {
		t.Fatal(err)
	}
	set.Manifest = backup.Manifest{
		Cluster: c.Name, Kubernetes: c.Kubernetes, Versions: map[string]string{"etcd": "3.6.14"},
	}
	if set.Manifest.Fingerprints, err = fingerprintsOf(&Run{Cluster: c}); err != nil {
		t.Fatal(err)
	}
	return set
}

// clusterIn is a small cluster whose inventory lies in a directory of its own.
func clusterIn(t *testing.T) *inventory.Cluster {
	t.Helper()
	return fixture.Parse(t, fixture.AllInOne)
}

// TestFitBackup: a backup of another cluster, of other versions or of other keys is refused, with
// all of it at once.
func TestFitBackup(t *testing.T) {
	c := clusterIn(t)
	set := restoreSet(t, c)
	if err := FitBackup(set)(t.Context(), &Run{Cluster: c}); err != nil {
		t.Fatalf("the cluster's own is refused: %v", err)
	}
	other := clusterIn(t)
	foreign := restoreSet(t, other)
	foreign.Manifest.Cluster = "other"
	foreign.Manifest.Kubernetes = "v1.20.1"
	foreign.Manifest.Versions["etcd"] = "3.4.1"
	err := FitBackup(foreign)(t.Context(), &Run{Cluster: c})
	var refused guard.Refusals
	if !errors.As(err, &refused) || len(refused) < 7 {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"cluster other", "etcd 3.4.1", "Kubernetes v1.20.1", "ca.crt", "etcd/ca.crt",
		"front-proxy-ca.crt", "sa.pub", "encryption-1.key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	for _, r := range refused {
		if r.Code != fault.RestoreForeign {
			t.Errorf("%v has the code %s", r, r.Code)
		}
	}
}

// TestTakeKeys: a state directory that is lost gets all keys of the backup, and one that lacks a
// key for secrets that one. What is there stays.
func TestTakeKeys(t *testing.T) {
	c := clusterIn(t)
	set := restoreSet(t, c)
	take := func() error { return TakeKeys(set)(t.Context(), &Run{Cluster: c}) }
	pki := filepath.Join(c.StateDir(), "pki")
	same := func(when string) {
		t.Helper()
		now := map[string][]byte{}
		if err := addState(&Run{Cluster: c}, now); err != nil {
			t.Fatal(err)
		}
		for name, text := range set.Files {
			if string(now[name]) != string(text) {
				t.Errorf("%s: %s is another one now", when, name)
			}
		}
	}
	if err := os.RemoveAll(pki); err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil {
		t.Fatal(err)
	}
	same("all lost")
	if err := os.Remove(filepath.Join(pki, "encryption-1.key")); err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil {
		t.Fatal(err)
	}
	same("a key for secrets lost")

	own := filepath.Join(pki, "admin.crt")
	if err := os.WriteFile(own, []byte("renewed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(own); err != nil || string(text) != "renewed" {
		t.Errorf("what was there is %q now, %v", text, err)
	}

	set.Manifest.Fingerprints["ca.crt"] = "another"
	if err := os.RemoveAll(pki); err != nil {
		t.Fatal(err)
	}
	if err := take(); fault.Of(err) != fault.BackupDamaged {
		t.Errorf("keys that the manifest does not name: %v", err)
	}
}

// TestRestoredStore: another store than the one of the backup is told, after a rehearsal and after
// a restore.
func TestRestoredStore(t *testing.T) {
	was := resource.EtcdStore{Revision: 100, Keys: 3, System: "a", Nodes: map[string]string{"m1": "b"}}
	m := backup.Manifest{Etcd: backup.Etcd{EtcdStore: was}}
	if err := holdsAll(m, was); err != nil {
		t.Errorf("the same store: %v", err)
	}
	for name, change := range map[string]func(*resource.EtcdStore){
		"a key less":     func(s *resource.EtcdStore) { s.Keys-- },
		"another system": func(s *resource.EtcdStore) { s.System = "x" },
		"another node":   func(s *resource.EtcdStore) { s.Nodes = map[string]string{"m1": "x"} },
		"a node less":    func(s *resource.EtcdStore) { s.Nodes = nil },
	} {
		now := was
		change(&now)
		if err := holdsAll(m, now); fault.Of(err) != fault.RehearsalFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
	now := was
	now.Revision += resource.RevisionBump + 7
	if err := isRestored(m, now); err != nil {
		t.Errorf("a store that went on: %v", err)
	}
	other := now
	other.System = "x"
	for name, store := range map[string]resource.EtcdStore{"the store of before": was, "another": other} {
		if err := isRestored(m, store); fault.Of(err) != fault.StoreNotRestored {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChooseMember: a snapshot is taken of a follower that is healthy, and of none where the data
// of members differs.
func TestChooseMember(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	etcd := c.With(inventory.Etcd)
	follows := func(member string) api.EtcdVitals { return api.EtcdVitals{Member: member, Leader: "1"} }
	run := &Run{Cluster: c, vitals: map[string]api.EtcdVitals{
		etcd[0].Name: follows("1"), etcd[1].Name: follows("2"), etcd[2].Name: {Error: "refused"},
	}}
	if h, err := run.chooseMember(); err != nil || h.Name != etcd[1].Name {
		t.Errorf("chose %s, %v; want %s, which follows", h.Name, err, etcd[1].Name)
	}
	delete(run.vitals, etcd[1].Name)
	if h, err := run.chooseMember(); err != nil || h.Name != etcd[0].Name {
		t.Errorf("chose %s, %v; want %s, which leads alone", h.Name, err, etcd[0].Name)
	}
	for name, v := range map[string]api.EtcdVitals{
		"no leader": {Member: "1"}, "silent": {Error: "refused"},
		"corrupt": {Member: "1", Leader: "1", Alarms: []string{corrupt}},
	} {
		run.vitals = map[string]api.EtcdVitals{etcd[0].Name: v}
		if h, err := run.chooseMember(); fault.Of(err) != fault.NoSnapshot {
			t.Errorf("%s: chose %s, %v", name, h.Name, err)
		}
	}
}

// TestKeysOfSets: a set that a host has made by itself is restored with the keys that belong to it,
// of the state directory or of a whole backup, and with no others.
func TestKeysOfSets(t *testing.T) {
	c := clusterIn(t)
	whole := restoreSet(t, c)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name string, m backup.Manifest, files map[string][]byte) string {
		t.Helper()
		sum := sha256.Sum256([]byte("snapshot"))
		path := filepath.Join(dir, name)
		if _, err := backup.Write(path, backup.Content{
			Manifest: m, Files: files, Snapshot: strings.NewReader("snapshot"), Size: 8,
			SHA256: hex.EncodeToString(sum[:]),
		}, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := func() *RestoreSet {
		s := &RestoreSet{Set: backup.Set{Files: map[string][]byte{}, Manifest: whole.Manifest}}
		s.Manifest.Part, s.Manifest.Etcd.Host = backup.HostPart, "all"
		s.Manifest.Fingerprints = maps.Clone(whole.Manifest.Fingerprints)
		return s
	}
	take := func(s *RestoreSet) error { return TakeKeys(s)(t.Context(), &Run{Cluster: c}) }
	keys := write("whole", whole.Manifest, whole.Files)
	part := write("part", set().Manifest, nil)
	other := restoreSet(t, clusterIn(t))
	foreign := write("foreign", other.Manifest, other.Files)

	if err := take(set()); err != nil {
		t.Errorf("the state directory has the keys: %v", err)
	}
	pki := filepath.Join(c.StateDir(), "pki")
	if err := os.RemoveAll(pki); err != nil {
		t.Fatal(err)
	}
	if err := take(set()); fault.Of(err) != fault.BackupWithoutKeys ||
		!strings.Contains(err.Error(), "encryption-1.key") {
		t.Errorf("the keys are lost: %v", err)
	}
	if left, err := os.ReadDir(pki); err == nil && len(left) > 0 {
		t.Errorf("a refusal leaves %v", left)
	}
	if err := set().TakeKeysFrom(part, nil); fault.Of(err) != fault.BackupWithoutKeys {
		t.Errorf("a part for a part: %v", err)
	}
	if err := set().TakeKeysFrom(foreign, nil); fault.Of(err) != fault.RestoreForeign ||
		!strings.Contains(err.Error(), "ca.crt") {
		t.Errorf("the keys of others: %v", err)
	}
	if err := whole.TakeKeysFrom(keys, nil); err == nil {
		t.Error("a whole backup takes the keys of another")
	}
	s := set()
	if err := s.TakeKeysFrom(keys, nil); err != nil || s.KeysFrom != keys {
		t.Fatalf("the keys of the whole one: %q, %v", s.KeysFrom, err)
	}
	if err := take(s); err != nil {
		t.Fatal(err)
	}
	now, err := fingerprintsOf(&Run{Cluster: c})
	if err != nil || !maps.Equal(now, whole.Manifest.Fingerprints) {
		t.Errorf("the state directory has the keys %v, %v", now, err)
	}
}
