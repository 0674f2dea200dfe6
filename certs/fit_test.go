package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFit: each property that the table gives is looked at by itself.
func TestFit(t *testing.T) {
	ca, err := newAuthority(pair{}, "kubernetes", start)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := newAuthority(pair{}, "kubernetes", start)
	if err != nil {
		t.Fatal(err)
	}
	wanted := leaf{issuer: kubernetesCA, cn: "w1", org: "group", sans: []string{"10.0.0.1", "w1"}, usages: server}
	p, err := sign(ca, wanted, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkFit(p, ca.cert, wanted, start); err != nil {
		t.Errorf("as it was signed: %v", err)
	}
	for name, test := range map[string]struct {
		want  func(l *leaf)
		cert  func(c *x509.Certificate)
		ca    pair
		now   time.Time
		error string
	}{
		"common name":  {want: func(l *leaf) { l.cn = "w2" }, error: "subject"},
		"organization": {want: func(l *leaf) { l.org = "" }, error: "subject"},
		"a name more": {cert: func(c *x509.Certificate) {
			c.Subject.Names = append(c.Subject.Names,
				pkix.AttributeTypeAndValue{})
		}, error: "subject"},
		"a SAN too few": {want: func(l *leaf) { l.sans = append([]string{"10.0.0.0"}, l.sans...) },
			error: "names or addresses"},
		"a SAN too many": {want: func(l *leaf) { l.sans = l.sans[:1] }, error: "names or addresses"},
		"an email": {cert: func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b"} },
			error: "names or addresses"},
		"client usage":      {want: func(l *leaf) { l.usages = client }, error: "usages"},
		"both usages":       {want: func(l *leaf) { l.usages = both }, error: "usages"},
		"key usage":         {cert: func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }, error: "usages"},
		"an authority":      {cert: func(c *x509.Certificate) { c.IsCA = true }, error: "usages"},
		"same-named CA":     {ca: stranger, error: "not issued by the ca of today"},
		"another curve":     {cert: func(c *x509.Certificate) { c.PublicKey = p384(t) }, error: "P-256"},
		"not yet valid":     {now: start.Add(-time.Hour - time.Second), error: "not valid yet"},
		"expired":           {now: start.Add(leafLife), error: "it ends"},
		"in the last third": {now: start.Add(leafLife*2/3 + time.Second), error: "it ends"},
		"beyond its CA": {cert: func(c *x509.Certificate) { c.NotAfter = ca.cert.NotAfter.Add(time.Second) },
			error: "outlives"},
	} {
		t.Run(name, func(t *testing.T) {
			l, got, issuer, now := wanted, p, ca, start
			if test.want != nil {
				test.want(&l)
			}
			if test.cert != nil {
				cert := *p.cert
				test.cert(&cert)
				got.cert = &cert
			}
			if test.ca.cert != nil {
				issuer = test.ca
			}
			if !test.now.IsZero() {
				now = test.now
			}
			err := checkFit(got, issuer.cert, l, now)
			if err == nil || !strings.Contains(err.Error(), test.error) {
				t.Errorf("error = %v, want one with %q", err, test.error)
			}
		})
	}
}

func p384(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

// TestAnotherAuthorityOfThatName: when an operator puts another authority in its place, exactly
// what hung on it is issued again.
func TestAnotherAuthorityOfThatName(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	other, err := newAuthority(pair{}, "etcd-ca", start)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"etcd/ca.crt": other.certPEM, "etcd/ca.key": other.keyPEM} {
		if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := snapshot(t, s.dir)
	issue(t, s, c, start)
	want := map[string]bool{}
	for _, l := range leaves(c) {
		if l.issuer == etcdCA {
			want[l.name+".crt"] = true
		}
	}
	if diff := cmp.Diff(want, changed(before, snapshot(t, s.dir))); diff != "" {
		t.Errorf("issued (-want +got):\n%s", diff)
	}
}
