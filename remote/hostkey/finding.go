package hostkey

import (
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"kbootstrap/remote/pattern"
)

// finding is what the files say about a key that a host offers.
type finding struct {
	key     ssh.PublicKey // the plain key, also of a certificate
	known   bool
	changed *knownKey // the line that says otherwise
	revoked *knownKey
	bad     error // a line about the host that cannot be read
	flaw    error // why its certificate does not count, when an authority on record signed it
}

// find looks a key up. It goes by the name only: the address behind a name may change, and ssh does
// not look at it either (CheckHostIP is off since OpenSSH 8.5).
func (k *Checker) find(db knownHosts, offered ssh.PublicKey) finding {
	f := finding{key: plainKey(offered)}
	certificate, certified := offered.(*ssh.Certificate)
	for i, name := range k.trust.Names {
		lines := db.about(name)
		if f.bad = lines.bad(); f.bad != nil {
			return f
		}
		for _, l := range lines {
			switch l.marker {
			case revoked:
				if sameKey(l.key, f.key) || certified && sameKey(l.key, certificate.SignatureKey) {
					f.revoked = &l
				}
			case authority:
				if certified && sameKey(l.key, certificate.SignatureKey) {
					f.flaw = flaw(certificate, k.trust.Principal)
					f.known = f.known || f.flaw == nil
				}
			default:
				// As with ssh, a key under the name without the port says nothing where one under
				// the name with it differs.
				if i == 0 || f.changed == nil {
					f.known = f.known || sameKey(l.key, f.key)
				}
				// A line of the same type says more.
				if i == 0 && (f.changed == nil ||
					f.changed.key.Type() != f.key.Type() && l.key.Type() == f.key.Type()) {
					f.changed = &l
				}
			}
		}
	}
	return f
}

// plainKey is the key in a certificate, or the key itself.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if c, ok := key.(*ssh.Certificate); ok {
		return c.Key
	}
	return key
}

func sameKey(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }

// flaw says why a host certificate is not good for a host. Its principals may be patterns.
func flaw(c *ssh.Certificate, host string) error {
	switch {
	case c.CertType != ssh.HostCert:
		return errors.New("the certificate is not for hosts")
	case c.Signature.Format == ssh.KeyAlgoRSA:
		return errors.New("the certificate is signed with SHA-1")
	}
	for _, p := range c.ValidPrincipals {
		if pattern.Match(strings.ToLower(p), host) {
			host = p
			break
		}
	}
	return (&ssh.CertChecker{}).CheckCert(host, c)
}
