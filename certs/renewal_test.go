package certs

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
)

// TestRenewNames: those that are named are issued again, and no others.
func TestRenewNames(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	for _, test := range []struct {
		renewal Renewal
		issued  []string
	}{
		{Renewal{Wanted: true}, nil},
		{Renewal{Wanted: true, Names: []string{"apiserver"}}, []string{"apiserver"}},
		{Renewal{Wanted: true, Names: []string{RotateEtcd}}, []string{"etcd/ca"}},
	} {
		p, err := s.PreviewWith(c, start, Change{Renewal: test.renewal})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Issued(); !slices.Equal(got, test.issued) {
			t.Errorf("%+v issues %v, want %v", test.renewal, got, test.issued)
		}
	}
	p, err := s.PreviewWith(c, start, Change{Renewal: Renewal{Wanted: true, All: true}})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Issued(); slices.Contains(got, "ca") || !slices.Contains(got, "kubelet") || !slices.Contains(got,
		"admin") {
		t.Errorf("all are %v", got)
	}
	_, err = s.PreviewWith(c, start, Change{Renewal: Renewal{Wanted: true, Names: []string{"apisrver", "x"}}})
	if fault.Of(err) != fault.CertificateUnknown || !strings.Contains(err.Error(), "apisrver, x") ||
		!strings.Contains(err.Error(), "apiserver-etcd-client") {
		t.Errorf("unknown names: %v", err)
	}
}

// TestResign: an authority that has ended is signed again with its own key: what it has signed fits
// as before, and whoever knows it by its key or its name knows it still.
func TestResign(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	was := certificate(t, s, "ca")
	late := was.NotAfter.Add(time.Hour)
	if _, err := s.Preview(c, late); fault.Of(err) != fault.AuthorityExpired || !strings.Contains(err.Error(),
		"certs renew") {
		t.Fatalf("an authority that has ended: %v", err)
	}
	p := change(t, s, c, late, Change{Renewal: Renewal{Wanted: true}})
	is := certificate(t, s, "ca")
	if !bytes.Equal(was.RawSubjectPublicKeyInfo, is.RawSubjectPublicKeyInfo) || !bytes.Equal(was.RawSubject,
		is.RawSubject) ||
		!bytes.Equal(was.SubjectKeyId, is.SubjectKeyId) || is.MaxPathLen != was.MaxPathLen ||
		is.MaxPathLenZero != was.MaxPathLenZero {
		t.Error("the authority is another one")
	}
	if is.SerialNumber.Cmp(was.SerialNumber) == 0 || !is.NotAfter.After(late.AddDate(9, 0, 0)) {
		t.Errorf("signed again, it ends %s", is.NotAfter)
	}
	if leaf := p.pairs["admin"].cert; leaf.CheckSignatureFrom(was) != nil || leaf.CheckSignatureFrom(is) != nil {
		t.Error("what it signs does not fit to it")
	}
}

// TestResignOfAnother: an authority that another one has signed cannot be signed again here.
func TestResignOfAnother(t *testing.T) {
	s, c := newStore(t), lab()
	above, err := newAuthority(pair{}, "above", start)
	if err != nil {
		t.Fatal(err)
	}
	own, err := newAuthority(pair{}, "own", start)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "ca.crt"), signedBy(t, above, own), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "ca.key"), own.keyPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.PreviewWith(c, start, Change{Renewal: Renewal{Wanted: true, Names: []string{RotateKubernetes}}})
	if fault.Of(err) != fault.AuthorityNotOwn || !strings.Contains(err.Error(), "above") {
		t.Errorf("got %v", err)
	}
}

// signedBy is the certificate of an authority as another one signs it.
func signedBy(t *testing.T, above, own pair) []byte {
	t.Helper()
	template := *own.cert
	der, err := x509.CreateCertificate(rand.Reader, &template, above.cert, own.key.Public(), above.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
