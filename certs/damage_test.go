package certs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
)

// TestLeafIsRepaired: whatever a dead run, a full disk or a hand has left of a certificate, it is
// issued again.
func TestLeafIsRepaired(t *testing.T) {
	const leaf = "hosts/w1/kubelet"
	for name, damage := range map[string]func(s *Store) error{
		"no certificate": func(s *Store) error { return os.Remove(filepath.Join(s.dir, leaf+".crt")) },
		"no key":         func(s *Store) error { return os.Remove(filepath.Join(s.dir, leaf+".key")) },
		"neither": func(s *Store) error {
			return errors.Join(os.Remove(filepath.Join(s.dir, leaf+".crt")),
				os.Remove(filepath.Join(s.dir, leaf+".key")))
		},
		"empty certificate":     func(s *Store) error { return os.Truncate(filepath.Join(s.dir, leaf+".crt"), 0) },
		"half a certificate":    func(s *Store) error { return os.Truncate(filepath.Join(s.dir, leaf+".crt"), 200) },
		"half a key":            func(s *Store) error { return os.Truncate(filepath.Join(s.dir, leaf+".key"), 100) },
		"another's key":         func(s *Store) error { return swap(s, "hosts/w1/flannel.key", leaf+".key") },
		"another's certificate": func(s *Store) error { return swap(s, "hosts/w1/flannel.crt", leaf+".crt") },
		"another's pair": func(s *Store) error {
			return errors.Join(swap(s, "hosts/cp1/kubelet.key", leaf+".key"),
				swap(s, "hosts/cp1/kubelet.crt", leaf+".crt"))
		},
		"the client pair for the server's": func(s *Store) error {
			return errors.Join(swap(s, "hosts/w1/kubelet-client.key", leaf+".key"),
				swap(s, "hosts/w1/kubelet-client.crt", leaf+".crt"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newStore(t), lab()
			issue(t, s, c, start)
			if err := damage(s); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, s.dir)
			issue(t, s, c, start)
			if diff := cmp.Diff(map[string]bool{leaf + ".crt": true}, changed(before, snapshot(t, s.dir))); diff != "" {
				t.Errorf("issued (-want +got):\n%s", diff)
			}
			after := snapshot(t, s.dir)
			issue(t, s, c, start)
			if diff := cmp.Diff(after, snapshot(t, s.dir)); diff != "" {
				t.Errorf("not repaired for good:\n%s", diff)
			}
		})
	}
}

// swap puts one file of the store in the place of another.
func swap(s *Store, from, to string) error {
	text, err := os.ReadFile(filepath.Join(s.dir, from))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, to), text, 0o600)
}

// TestRefused: what the cluster hangs on is never replaced. The error names the file and what is
// wrong, and the store stays as it was.
func TestRefused(t *testing.T) {
	remove := func(s *Store, names ...string) error {
		var errs []error
		for _, name := range names {
			errs = append(errs, os.Remove(filepath.Join(s.dir, name)))
		}
		return errors.Join(errs...)
	}
	for name, test := range map[string]struct {
		damage func(s *Store) error
		now    time.Time
		code   fault.Code
		want   []string
	}{
		"no key": {func(s *Store) error { return remove(s, "ca.key") }, start, fault.AuthorityDamaged,
			[]string{"ca.crt", "the key is missing"}},
		"another's key": {func(s *Store) error { return swap(s, "sa.key", "etcd/ca.key") }, start,
			fault.AuthorityDamaged, []string{"etcd/ca.crt", "the key is not the certificate's"}},
		"half a key": {func(s *Store) error { return os.Truncate(filepath.Join(s.dir, "ca.key"), 100) }, start,
			fault.AuthorityDamaged, []string{"ca.crt", "no private key"}},
		"half a certificate": {func(s *Store) error { return os.Truncate(filepath.Join(s.dir, "ca.crt"), 100) }, start,
			fault.AuthorityDamaged, []string{"ca.crt", "not in PEM"}},
		"half a key alone": {func(s *Store) error {
			return errors.Join(remove(s, "ca.crt"), os.Truncate(filepath.Join(s.dir, "ca.key"), 100))
		}, start, fault.AuthorityDamaged, []string{"ca.crt", "the certificate is missing", "no private key"}},
		"lost": {func(s *Store) error { return remove(s, "front-proxy-ca.crt", "front-proxy-ca.key") }, start,
			fault.AuthorityLost, []string{"front-proxy-ca", "is lost", "backup"}},
		"expired": {func(*Store) error { return nil }, start.Add(10 * 365 * day), fault.AuthorityExpired,
			[]string{"ca.crt", "expired on 2036-08-31T12:00:00Z"}},
		"in future": {func(*Store) error { return nil }, start.Add(-2 * time.Hour), fault.AuthorityExpired,
			[]string{"ca.crt", "not valid before", "clock"}},
		"not a CA": {func(s *Store) error {
			return errors.Join(swap(s, "admin.crt", "ca.crt"), swap(s, "admin.key", "ca.key"))
		}, start, fault.AuthorityDamaged, []string{"ca.crt", "not the certificate of an authority"}},
		"no sa.key": {func(s *Store) error { return remove(s, "sa.key") }, start, fault.AuthorityLost,
			[]string{"sa.key", "is lost"}},
		"no sa.*": {func(s *Store) error { return remove(s, "sa.key", "sa.pub") }, start, fault.AuthorityLost,
			[]string{"sa.key", "is lost"}},
		"other sa": {func(s *Store) error { return swap(s, "ca.key", "sa.key") }, start, fault.AuthorityDamaged,
			[]string{"sa.key", "is not its public key"}},
		"half an sa": {func(s *Store) error { return os.Truncate(filepath.Join(s.dir, "sa.key"), 100) }, start,
			fault.AuthorityDamaged, []string{"sa.key", "no private key"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newStore(t), lab()
			issue(t, s, c, start)
			if err := test.damage(s); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, s.dir)
			_, err := previewAndKeep(s, c, test.now)
			if err == nil {
				t.Fatal("no error")
			}
			if code := fault.Of(err); code != test.code {
				t.Errorf("code %q, want %q: %v", code, test.code, err)
			}
			for _, want := range append(test.want, s.dir, "docs/pki.md") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %q, without %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error has several lines: %q", err)
			}
			if diff := cmp.Diff(before, snapshot(t, s.dir)); diff != "" {
				t.Errorf("the store has changed:\n%s", diff)
			}
		})
	}
}

// TestKilledWhileAnAuthorityIsMade: the key is written first, and is used.
func TestKilledWhileAnAuthorityIsMade(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	key, err := os.ReadFile(filepath.Join(s.dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.crt", "etcd", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub",
		"admin.crt", "admin.key", "hosts"} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, ".tmp-ca.crt"), []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	issue(t, s, c, start)
	again, err := os.ReadFile(filepath.Join(s.dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key, again) {
		t.Error("the authority has another key")
	}
	if _, err := os.Lstat(filepath.Join(s.dir, ".tmp-ca.crt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file: %v, want it gone", err)
	}
}

// TestRenewAuthority: without its certificate, an authority gets a new one for the same key, and
// what it has issued stays.
func TestRenewAuthority(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	before := snapshot(t, s.dir)
	if err := os.Remove(filepath.Join(s.dir, "ca.crt")); err != nil {
		t.Fatal(err)
	}
	now := start.Add(30 * day)
	issue(t, s, c, now)
	if diff := cmp.Diff(map[string]bool{"ca.crt": true}, changed(before, snapshot(t, s.dir))); diff != "" {
		t.Errorf("issued (-want +got):\n%s", diff)
	}
	if got, want := certificate(t, s, "ca").NotAfter, now.Add(authorityLife); !got.Equal(want) {
		t.Errorf("ends %s, want %s", got, want)
	}
}
