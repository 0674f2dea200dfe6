package provision

import (
	"maps"
	"strings"
	"testing"
	"time"

	"kbootstrap/backup"
	"kbootstrap/fault"
)

// TestNeedBackup: a stage begins with a rehearsed backup that is fresh and has the keys of now, and
// with no other.
func TestNeedBackup(t *testing.T) {
	c := clusterIn(t)
	set := restoreSet(t, c)
	r := &Run{Cluster: c}
	need := func(rotation Rotation) error { return NeedBackup(rotation)(t.Context(), r) }
	refused := func(why string) {
		t.Helper()
		if err := need(Rotation{}); fault.Of(err) != fault.BackupTooOld || !strings.Contains(err.Error(), why) {
			t.Errorf("want a refusal with %q, got %v", why, err)
		}
	}
	note := func(change func(*backup.Manifest)) {
		t.Helper()
		m := set.Manifest
		m.Created = time.Now().Add(-time.Hour)
		m.Fingerprints = maps.Clone(m.Fingerprints)
		change(&m)
		if err := NoteVerified(c, "one.kbackup", m, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	refused("no backup was verified")
	for _, rotation := range []Rotation{{WithoutBackup: true}, {Back: true}} {
		if err := need(rotation); err != nil {
			t.Errorf("%+v: %v", rotation, err)
		}
	}
	r.Rotating.Finishes = true
	if err := need(Rotation{}); err != nil {
		t.Errorf("a stage is not finished: %v", err)
	}
	r.Rotating.Finishes = false
	note(func(m *backup.Manifest) { m.Part = backup.HostPart })
	note(func(m *backup.Manifest) { m.Cluster = "other" })
	refused("no backup was verified")
	note(func(m *backup.Manifest) { m.Created = time.Now().Add(-25 * time.Hour) })
	refused("old, more than 24h")
	note(func(m *backup.Manifest) { m.Created, m.Fingerprints["ca.crt"] = m.Created.Add(-time.Hour), "another" })
	refused("keys of now: ca.crt")
	note(func(*backup.Manifest) {})
	if err := need(Rotation{}); err != nil {
		t.Errorf("a fresh one does not do: %v", err)
	}
	// An older one that is tried later takes nothing away.
	note(func(m *backup.Manifest) { m.Created = time.Now().Add(-25 * time.Hour) })
	if err := need(Rotation{}); err != nil {
		t.Errorf("an older one counts more: %v", err)
	}
}
