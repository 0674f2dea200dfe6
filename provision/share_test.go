package provision

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"kbootstrap/backup"
	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
	"kbootstrap/shared"
)

// operator is a user who has the inventory of a cluster on a machine, and a private key.
type operator struct {
	t        *testing.T
	cluster  *inventory.Cluster
	identity *age.X25519Identity
	place    string // the directory in which the state is shared
}

func newOperator(t *testing.T, place string, identity *age.X25519Identity) operator {
	t.Helper()
	return operator{t, clusterIn(t), identity, place}
}

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func (o operator) prepare(stages []Stage) (*Run, error) {
	unlock := func(string, bool) (certs.Keys, error) {
		return certs.Keys{Identities: []age.Identity{o.identity}}, nil
	}
	return Prepare(o.t.Context(), o.cluster, Scope{}, fleet.Options{Unlock: unlock}, stages...)
}

func (o operator) push() (Sharing, error) {
	s := Sharing{Directory: o.place, By: "anna@desk"}
	run, err := o.prepare(PushState(&s))
	if err != nil {
		return s, err
	}
	defer run.Close()
	return s, run.EndPush(o.t.Context(), &s, Summary{})
}

func (o operator) pull(replace bool) (Sharing, error) {
	s := Sharing{Directory: o.place, Replace: replace}
	run, err := o.prepare(PullState(&s))
	if err == nil {
		run.Close()
	}
	return s, err
}

// seal seals the keys, and so changes them.
func (o operator) seal() {
	o.t.Helper()
	run, err := o.prepare(EncryptState(certs.Sealing{Recipients: []string{o.identity.Recipient().String()}}))
	if err != nil {
		o.t.Fatal(err)
	}
	run.Close()
}

func (o operator) sealed() []byte {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(pkiDir(o.cluster), certs.SealedName))
	if err != nil {
		o.t.Fatal(err)
	}
	return text
}

// TestShare: two operators share a state directory. Neither takes away what the other has written,
// a pull throws away no change of here, and nothing goes out in the clear.
func TestShare(t *testing.T) {
	identity, place := newIdentity(t), t.TempDir()
	one, two := newOperator(t, place, identity), newOperator(t, place, identity)
	check := func(what string, err error, code fault.Code) {
		t.Helper()
		if fault.Of(err) != code || code == "" && err != nil {
			t.Fatalf("%s: %v, want %q", what, err, code)
		}
	}
	_, err := one.pull(false)
	check("pull before anything is shared", err, fault.SharedNone)
	_, err = one.push()
	check("push without keys", err, fault.AuthorityLost)
	fixture.Issue(t, one.cluster)
	if err := os.WriteFile(kubeconfigPath(one.cluster), []byte("a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = one.push()
	check("push in the clear", err, fault.SharedInClear)
	one.seal()
	if _, err := os.Stat(kubeconfigPath(one.cluster)); err == nil {
		t.Error("a kubeconfig with a key is next to keys that are sealed")
	}
	s, err := one.push()
	check("the first push", err, "")
	if s.Now.Serial != 1 || !s.Changed {
		t.Errorf("the first push: %+v", s)
	}
	s, err = one.push()
	check("the same again", err, "")
	if s.Now.Serial != 1 || s.Changed {
		t.Errorf("the same push again: %+v", s)
	}

	_, err = operator{t, two.cluster, newIdentity(t), place}.pull(false)
	check("pull with another key", err, fault.StateSealed)
	if used, err := must(certs.At(pkiDir(two.cluster))).Used(); err != nil || used {
		t.Errorf("a pull that was refused has left something: %v", err)
	}
	s, err = two.pull(false)
	check("pull", err, "")
	if s.Now.Serial != 1 || !bytes.Equal(one.sealed(), two.sealed()) {
		t.Errorf("pulled: %+v", s.Now)
	}
	two.seal()
	s, err = two.push()
	check("push of the other", err, "")
	if s.Now.Serial != 2 {
		t.Errorf("pushed: %+v", s.Now)
	}

	one.seal()
	_, err = one.push()
	check("push of who is behind", err, fault.SharedNewer)
	_, err = one.pull(false)
	check("pull over a change", err, fault.SharedConflict)
	mine := one.sealed()
	s, err = one.pull(true)
	check("pull over a change, as told", err, "")
	if s.Now.Serial != 2 || !bytes.Equal(one.sealed(), two.sealed()) {
		t.Errorf("pulled: %+v", s.Now)
	}
	kept, err := os.ReadFile(filepath.Join(pkiDir(one.cluster)+".replaced", certs.SealedName))
	if err != nil || !bytes.Equal(kept, mine) {
		t.Errorf("what was here is not kept: %v", err)
	}
	s, err = one.pull(false)
	check("the same again", err, "")
	if s.Changed {
		t.Error("a second pull has changed something")
	}

	stranger := newOperator(t, place, identity) // of a cluster of the same name
	fixture.Issue(t, stranger.cluster)
	stranger.seal()
	if err := (shared.Record{Serial: 1, Sum: sumHere(t, stranger)}).Write(recordPath(stranger.cluster)); err != nil {
		t.Fatal(err)
	}
	_, err = stranger.pull(false)
	check("pull of other authorities", err, fault.SharedConflict)
}

func sumHere(t *testing.T, o operator) string {
	t.Helper()
	files, err := must(certs.At(pkiDir(o.cluster))).Files()
	if err != nil {
		t.Fatal(err)
	}
	return shared.SumOf(files)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestNewest: of what hosts tell the highest serial counts, of two with the same one that which
// more have, and what is damaged or of another cluster never does.
func TestNewest(t *testing.T) {
	c := clusterIn(t)
	made := func(cluster string, serial int, by string) []byte {
		h := shared.Header{Cluster: cluster, Serial: serial, By: by, At: time.Unix(int64(serial), 0)}
		return must(shared.Pack(h, map[string][]byte{"ca.crt": []byte(by)}))
	}
	damaged := made(c.Name, 9, "damaged")
	damaged = damaged[:len(damaged)-2]
	r := &Run{Cluster: c}
	h, packed := newest(r, map[string][]byte{
		"a": made(c.Name, 3, "anna"), "b": made(c.Name, 3, "anna"), "c": made(c.Name, 3, "zoe"), "d": nil,
		"e": made(c.Name, 2, "old"), "f": damaged, "g": made("other", 8, "other"),
	})
	if h.Serial != 3 || h.By != "anna" || packed == nil || len(r.Warnings) != 2 {
		t.Errorf("got %+v, and the warnings %q", h, r.Warnings)
	}
	if h, packed := newest(r, map[string][]byte{"a": nil}); packed != nil || h.Serial != 0 {
		t.Errorf("of nothing: %+v", h)
	}
}

// TestAdoptNeeds: adopt leaves keys alone that are there, and takes no cluster where none is.
func TestAdoptNeeds(t *testing.T) {
	c := clusterIn(t)
	if err := NeedNoStore(t.Context(), &Run{Cluster: c}); err != nil {
		t.Errorf("without keys: %v", err)
	}
	err := ProveCluster(&backup.Set{}, &Adopted{})(t.Context(), &Run{Cluster: c})
	if fault.Of(err) != fault.AdoptNothing {
		t.Errorf("without a host: %v", err)
	}
	fixture.Issue(t, c)
	if err := NeedNoStore(t.Context(), &Run{Cluster: c}); fault.Of(err) != fault.AdoptHeld {
		t.Errorf("with keys: %v", err)
	}
}
