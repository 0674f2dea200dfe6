package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// checkFit returns why a certificate is not what the table wants now, or nil if it can stay. A
// certificate is renewed before it ends: in the last third of its life, which for one year is four
// months in which any run renews.
func checkFit(p pair, ca *x509.Certificate, l leaf, now time.Time) error {
	cert := p.cert
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return errors.New("its key is not ECDSA P-256")
	}
	if !bytes.Equal(cert.RawIssuer, ca.RawSubject) || cert.CheckSignatureFrom(ca) != nil {
		return fmt.Errorf("it is not issued by the %s of today", l.issuer)
	}
	if err := checkSubject(cert, l); err != nil {
		return err
	}
	if cert.IsCA || cert.KeyUsage != x509.KeyUsageDigitalSignature ||
		!slices.Equal(cert.ExtKeyUsage, l.usages) || len(cert.UnknownExtKeyUsage) > 0 {
		return errors.New("its usages differ")
	}
	switch {
	case now.Before(cert.NotBefore):
		return errors.New("it is not valid yet")
	case cert.NotAfter.After(ca.NotAfter):
		return errors.New("it outlives its authority")
	}
	// Counted from its issue, not from its backdated begin: else one that its authority leaves less
	// than half an hour would be in its last third as soon as it is made.
	life := cert.NotAfter.Sub(cert.NotBefore.Add(backdate))
	if left := cert.NotAfter.Sub(now); left <= 0 || left < life/3 {
		return fmt.Errorf("it ends %s", cert.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// checkSubject returns how the holder of a certificate differs from what the table wants, or nil.
func checkSubject(cert *x509.Certificate, l leaf) error {
	var org []string
	if l.org != "" {
		org = []string{l.org}
	}
	if cert.Subject.CommonName != l.cn || !slices.Equal(cert.Subject.Organization, org) ||
		len(cert.Subject.Names) != 1+len(org) {
		return errors.New("its subject differs")
	}
	if !slices.Equal(sans(cert), l.sans) {
		return errors.New("its names or addresses differ")
	}
	return nil
}

// sans are the names and addresses of a certificate in the form of leaf.sans.
func sans(cert *x509.Certificate) []string {
	var all []string
	all = append(all, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	all = append(all, cert.EmailAddresses...)
	for _, uri := range cert.URIs {
		all = append(all, uri.String())
	}
	slices.Sort(all)
	return all
}
