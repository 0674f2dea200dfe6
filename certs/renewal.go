package certs

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"path"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
)

// Renewal says which certificates are issued again although they are fit. The zero value is none.
type Renewal struct {
	// Wanted says that this is a renewal: authorities that have ended, or end within the life of
	// what they sign, are signed again with their own keys.
	Wanted bool
	// All are all certificates, other than authorities.
	All bool
	// Names are those of certificates, on all hosts, or of authorities as rotations name them.
	Names []string
}

// has reports whether a certificate is to be issued again.
func (r Renewal) has(l leaf) bool { return r.All || slices.Contains(r.Names, path.Base(l.name)) }

// resigns reports whether an authority is to be signed again.
func (r Renewal) resigns(a authority, cert *x509.Certificate, now time.Time) bool {
	soon := !now.Before(cert.NotAfter.Add(-leafLife))
	return r.Wanted && (soon && len(r.Names) == 0 || slices.Contains(r.Names, RotationOf(a.name)))
}

// check refuses names that no certificate has.
func (r Renewal) check(leaves []leaf) error {
	var known []string
	for _, a := range authorityTable {
		known = append(known, RotationOf(a.name))
	}
	for _, l := range leaves {
		known = append(known, path.Base(l.name))
	}
	known = sortedOnce(known)
	var unknown []string
	for _, name := range r.Names {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if unknown == nil {
		return nil
	}
	return fault.CertificateUnknown.Errorf("no certificate is called %s; there are %s", strings.Join(unknown, ", "),
		strings.Join(known, ", "))
}

// resign makes another certificate for the key of an authority: all that it says stays, and it
// begins now. So what the key has signed stays valid, and hosts trust it as before.
func resign(p pair, now time.Time) (pair, error) {
	if p.cert.CheckSignatureFrom(p.cert) != nil {
		return pair{},
			fault.AuthorityNotOwn.Errorf("it is signed by another authority, %q, which alone can sign it again",
				p.cert.Issuer)
	}
	template := *p.cert
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return pair{}, err
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = now.Add(-backdate), now.Add(authorityLife)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, p.key.Public(), p.key)
	if err != nil {
		return pair{}, fmt.Errorf("sign the authority again: %w", err)
	}
	return parse(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), p.keyPEM)
}

// Issued returns the names of the certificates that Keep will write, sorted, each once.
func (p *PKI) Issued() []string {
	var names []string
	for _, f := range slices.Concat(p.todo.first, p.todo.then) {
		name := strings.TrimSuffix(f.name, ".crt")
		if name == f.name || strings.HasPrefix(name, retiredDir+"/") || strings.HasPrefix(name, oldDir+"/") {
			continue
		}
		if strings.HasPrefix(name, "hosts/") || strings.HasPrefix(name, servedPath("")) {
			name = path.Base(name)
		}
		names = append(names, name)
	}
	return sortedOnce(names)
}
