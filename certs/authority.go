package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"kbootstrap/fault"
)

// trust is an authority as a cluster has it: the one that signs, and those that are trusted besides
// while another takes its place.
type trust struct {
	pair
	aside   pair                // the one that comes or goes; empty when all is stable
	retired []*x509.Certificate // that nothing may trust any more
	stage   Stage
}

// bundle is everything that is trusted, the one that signs first.
func (t trust) bundle() []byte {
	return slices.Concat(t.certPEM, t.aside.certPEM)
}

// authorities loads every certificate authority, and makes those that a new cluster lacks. The
// store is used when it has certificates of a cluster already.
//
// What is there is never replaced, unless a rotation asks for it: every certificate of the cluster
// depends on it, and hosts would stop trusting each other. A key without its certificate is an
// exception: the key is all that counts, and it gets a new certificate: whatever the key has signed
// stays valid. A run that was killed between writing the two leaves this state. An authority that
// has ended is signed again with its own key when a renewal asks for it.
func (s *Store) authorities(
	root *tree, used bool, now time.Time, change Change, todo *pending,
) (map[string]trust, error) {
	loaded := map[string]trust{}
	for _, a := range authorityTable {
		t, err := s.authority(root, a, used, now, change, todo)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(s.dir, a.name+".crt"), err)
		}
		loaded[a.name] = t
	}
	return loaded, nil
}

func (s *Store) authority(
	root *tree, a authority, used bool, now time.Time, change Change, todo *pending,
) (trust, error) {
	t, err := loadTrust(root, a.name, todo)
	p := t.pair
	isNew := errors.Is(err, errNoCertificate)
	switch {
	case isNew && errors.Is(err, errNoKey) && used:
		err = s.lost(a.name)
	case isNew && (p.key != nil || errors.Is(err, errNoKey)):
		p, err = newAuthority(p, a.cn, now)
		todo.first = append(todo.first, content{a.name + ".key", p.keyPEM})
		todo.then = append(todo.then, content{a.name + ".crt", p.certPEM})
	case err == nil && p.key != nil && change.Renewal.resigns(a, p.cert, now):
		p, err = resign(p, now)
		todo.then = append(todo.then, content{a.name + ".crt", p.certPEM})
	case err == nil:
		err = checkAuthority(p.cert, now)
	}
	if err != nil {
		return t, fmt.Errorf("%w%s", err, seeDoc)
	}
	t.pair = p
	if change.Rotation.Of != "" && change.Rotation.Of == RotationOf(a.name) {
		return t.advance(a, change.Rotation.To, now, todo)
	}
	return t, nil
}

// seeDoc ends the errors about keys that are never replaced.
const seeDoc = " (the tool does not replace it, because the whole cluster depends on it; docs/pki.md describes how " +
	"to restore or renew it)"

// lost returns the error of a store that has certificates, but not the key that they depend on.
func (s *Store) lost(name string) error {
	return fault.AuthorityLost.Errorf("%s is lost, but certificates of the cluster are still in %s: "+
		"restore it from a backup", name, s.dir)
}

// checkAuthority returns why a certificate cannot be an authority now, or nil if it can.
func checkAuthority(cert *x509.Certificate, now time.Time) error {
	switch {
	case !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageCertSign == 0:
		return fault.AuthorityDamaged.Errorf("not the certificate of an authority: it may not sign others")
	case now.Before(cert.NotBefore):
		return fault.AuthorityExpired.Errorf("not valid before %s, and it is %s: check this machine's clock",
			cert.NotBefore.Format(time.RFC3339), now.Format(time.RFC3339))
	case !now.Before(cert.NotAfter):
		return fault.AuthorityExpired.Errorf("expired on %s: `kbootstrap certs renew` signs it again with its own key",
			cert.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// newAuthority makes an authority, of the key that is there already or a new one.
func newAuthority(p pair, cn string, now time.Time) (pair, error) {
	if p.key == nil {
		key, err := newKey()
		if err != nil {
			return pair{}, err
		}
		if p.keyPEM, err = encodeKey(key); err != nil {
			return pair{}, err
		}
		p.key = key
	}
	certPEM, err := selfSign(p.key, cn, now)
	if err != nil {
		return pair{}, err
	}
	return parse(certPEM, p.keyPEM)
}
