package resource_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"kbootstrap/resource"
)

const keptCredential = "/var/lib/kubelet/pki/kubelet-client-current.pem"

// signer is an authority of a test.
type signer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newSigner(t *testing.T) signer {
	t.Helper()
	s := signer{t: t}
	s.cert, s.key = s.sign("kubernetes", -time.Hour, time.Hour)
	return s
}

// sign makes a certificate that is valid from and until so long after now; the first is the
// authority's own.
func (s signer) sign(name string, from, until time.Duration) (*x509.Certificate, *ecdsa.PrivateKey) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until),
		IsCA: s.cert == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	parent, by := s.cert, s.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		s.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return cert, key
}

func encodeCert(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// credential is a certificate and its key in one file, as a kubelet keeps them.
func (s signer) credential(name string, from, until time.Duration) string {
	s.t.Helper()
	cert, key := s.sign(name, from, until)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	var b bytes.Buffer
	b.Write(encodeCert(cert))
	b.Write(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	return b.String()
}

// TestCredential: what serves, or is not there, is the kubelet's own business; what cannot serve is
// taken away, with the reason.
func TestCredential(t *testing.T) {
	ours, others := newSigner(t), newSigner(t)
	whole := ours.credential("system:node:m1", -time.Hour, time.Hour)
	for name, c := range map[string]struct{ kept, unfit string }{
		"fresh":                {whole, ""},
		"about to be renewed":  {ours.credential("system:node:m1", -9*time.Hour, time.Hour), ""},
		"of a clock ahead":     {ours.credential("system:node:m1", time.Hour, 2*time.Hour), ""},
		"not renewed":          {ours.credential("system:node:m1", -99*time.Hour, time.Hour), "and was not renewed"},
		"ended":                {ours.credential("system:node:m1", -2*time.Hour, -time.Hour), "it ended 20"},
		"another node's":       {ours.credential("system:node:m2", -time.Hour, time.Hour), "made out to "},
		"another authority's":  {others.credential("system:node:m1", -time.Hour, time.Hour), "by another authority"},
		"cut off":              {whole[:len(whole)/2], "it has no certificate with its key"},
		"empty":                {"", "it has no certificate with its key"},
		"a certificate alone":  {whole[:strings.Index(whole, "-----BEGIN EC")], "it has no certificate with its key"},
		"there, and unchanged": {whole, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.put(keptCredential, c.kept)
			wanted := resource.Credential{Path: keptCredential, CommonName: "system:node:m1", CA: encodeCert(ours.cert)}
			found := m.observe(wanted)
			if (found.State() == "") != (c.unfit == "") || !strings.Contains(found.State(), c.unfit) {
				t.Errorf("found %q, want %q", found.State(), c.unfit)
			}
			m.apply(wanted)
			if m.Exists(keptCredential) != (c.unfit == "") {
				t.Errorf("is there: %t", m.Exists(keptCredential))
			}
		})
	}
}

// TestCredentialOfADanglingLink: a link that leads nowhere is no credential, as for the kubelet.
func TestCredentialOfADanglingLink(t *testing.T) {
	m := newMachine(t)
	m.link(keptCredential, "/var/lib/kubelet/pki/gone.pem")
	wanted := resource.Credential{Path: keptCredential, CommonName: "system:node:m1", CA: encodeCert(newSigner(t).cert)}
	if found := m.observe(wanted); resource.Changed(found, wanted) {
		t.Errorf("found %q", found.State())
	}
}

// credentialLaws have a kubelet's credential that cannot serve any more.
func credentialLaws() []law {
	wanted := resource.Credential{Path: keptCredential, CommonName: "system:node:m1", CA: []byte("no authority")}
	return []law{{
		name: "unfit", wanted: wanted, stays: true,
		before: "kept, and unfit: it has no certificate with its key\n",
		start:  func(m *machine) { m.put(keptCredential, "cut off") },
	}}
}
