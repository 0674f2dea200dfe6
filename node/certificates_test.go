package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/trial"
)

func certificate(t *testing.T, name string, notAfter time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"system:nodes"}},
		NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCertificates(t *testing.T) {
	soon, late := time.Unix(2e9, 0).UTC(), time.Unix(3e9, 0).UTC()
	key := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("canary")}))
	root := trial.Lay(t, map[string]string{
		"etc/kubernetes/pki/node.pem": key + certificate(t, "system:node:m1", soon),
		"etc/kubernetes/pki/ca.pem":   certificate(t, "old", soon) + certificate(t, "new", late),
		"etc/kubernetes/pki/key.pem":  key,
		"etc/kubernetes/pki/wrong.pem": string(pem.EncodeToMemory(&pem.Block{
			Type:  "CERTIFICATE",
			Bytes: []byte("no"),
		})),
	})
	client := connect(t, Options{Root: root}, pipes)
	certificates := func(paths ...string) ([]host.Certificate, error) {
		a, err := client.Look(t.Context(), Query{Checkup: &CheckupQuery{Certificates: paths}})
		if err != nil {
			t.Fatal(err)
		}
		return a.Checkup.Certificates, a.Checkup.CertificatesErr
	}
	got, err := certificates(
		"/etc/kubernetes/pki/ca.pem", "/etc/kubernetes/pki/absent.pem", "/etc/kubernetes/pki/node.pem",
	)
	want := []host.Certificate{
		{Path: "/etc/kubernetes/pki/ca.pem", Subject: "CN=old,O=system:nodes", Issuer: "CN=old,O=system:nodes",
			NotAfter: soon},
		{Path: "/etc/kubernetes/pki/ca.pem", Subject: "CN=new,O=system:nodes", Issuer: "CN=new,O=system:nodes",
			NotAfter: late},
		{Path: "/etc/kubernetes/pki/node.pem", Subject: "CN=system:node:m1,O=system:nodes",
			Issuer:   "CN=system:node:m1,O=system:nodes",
			NotAfter: soon},
	}
	for i := range got {
		if len(got[i].Sum) != 64 {
			t.Errorf("%s has the sum %q", got[i].Path, got[i].Sum)
		}
		got[i].Sum = ""
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, name := range []string{"key.pem", "wrong.pem"} {
		path := "/etc/kubernetes/pki/" + name
		_, err := certificates(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
