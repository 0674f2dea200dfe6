package certs

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOwnAuthority: an authority that a user brings along is used as it is, whatever its key and
// subject.
func TestOwnAuthority(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	certPEM := ownCertificate(t, key)
	s, c := newStore(t), lab()
	for name, text := range map[string][]byte{"ca.key": keyPEM, "ca.crt": certPEM} {
		if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := issue(t, s, c, start)
	for _, f := range p.Files(c.Hosts[0], "pki") {
		switch f.Path {
		case "/etc/kubernetes/pki/ca.crt":
			if diff := cmp.Diff(string(certPEM), string(f.Content)); diff != "" {
				t.Errorf("ca.crt (-want +got):\n%s", diff)
			}
		case "/etc/kubernetes/pki/ca.key":
			if diff := cmp.Diff(string(keyPEM), string(f.Content)); diff != "" {
				t.Errorf("ca.key (-want +got):\n%s", diff)
			}
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.authorities[kubernetesCA].cert)
	cert := certificate(t, s, "hosts/w1/kubelet")
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: start, DNSName: "w1"}); err != nil {
		t.Error(err)
	}

	// Another authority in its place: what the first has issued is issued again.
	if err := os.WriteFile(filepath.Join(s.dir, "ca.crt"), ownCertificate(t, key), 0o600); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, s.dir)
	issue(t, s, c, start)
	if names := changed(before, snapshot(t, s.dir)); len(names) > 0 {
		t.Errorf("the same key and subject, but issued again: %v", names)
	}
	if err := os.Remove(filepath.Join(s.dir, "ca.crt")); err != nil {
		t.Fatal(err)
	}
	issue(t, s, c, start) // with the subject of our own
	if got, was := certificate(t, s, "hosts/w1/kubelet"),
		cert; got.Issuer.CommonName != "kubernetes" || was.Issuer.CommonName != "Example Root" {
		t.Errorf("issuer = %s, was %s", got.Issuer, was.Issuer)
	}
}

func ownCertificate(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Root"}, NotBefore: start.Add(-day),
		NotAfter: start.Add(3650 * day),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
