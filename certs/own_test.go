package certs

import (
	"crypto/x509"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// withIngress is the lab with an ingress.
func withIngress() *inventory.Cluster {
	c := lab()
	c.AddOns.Ingress = inventory.IngressAddOn{
		Enabled: true, Ports: inventory.HostPorts, Names: []string{"*.apps.example.com", "shop.example.com"},
	}
	return c
}

// previewIn issues what a cluster wants, and keeps it in a store.
func previewIn(t *testing.T, dir string, c *inventory.Cluster, now time.Time) (*PKI, error) {
	t.Helper()
	store, err := At(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := store.Preview(c, now)
	if err != nil {
		return nil, err
	}
	return p, store.Keep(p)
}

// TestIngressCertificate: that of the cluster's authority is for every host, and for the names of
// the inventory.
func TestIngressCertificate(t *testing.T) {
	c := withIngress()
	c.AddOns.UI = inventory.UIAddOn{Enabled: true, Name: "ui.example.com"}
	p, err := previewIn(t, filepath.Join(t.TempDir(), "pki"), c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate := p.pairs[servedPath(Ingress)].cert
	for _, name := range []string{"w1", "cp1.example.net", "a.apps.example.com", "shop.example.com", "ui.example.com"} {
		if err := certificate.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	address := net.IP(netip.MustParseAddr("10.0.0.31").AsSlice())
	if !slices.ContainsFunc(certificate.IPAddresses, address.Equal) {
		t.Errorf("it is for %v", certificate.IPAddresses)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.Authority())
	if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		t.Error(err)
	}
	ui := p.pairs[servedPath(UI)].cert
	if err := ui.VerifyHostname("headlamp.kube-system.svc"); err != nil || len(ui.IPAddresses) != 0 {
		t.Errorf("behind the ingress the pages are called %v %v", ui.DNSNames, ui.IPAddresses)
	}
}

// TestOwnIngressCertificate: an owner's certificate is served as it is, no copy of its key is in
// the store, and one that has expired is refused.
func TestOwnIngressCertificate(t *testing.T) {
	dir := t.TempDir()
	made, err := previewIn(t, filepath.Join(dir, "other"), withIngress(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	wanted, wantedKey := made.Serving(Ingress)
	c := withIngress()
	c.AddOns.Ingress.Certificate, c.AddOns.Ingress.Key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for path, text := range map[string][]byte{
		c.AddOns.Ingress.Certificate: wanted, c.AddOns.Ingress.Key: wantedKey,
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := filepath.Join(dir, "pki")
	p, err := previewIn(t, store, c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := p.Serving(Ingress)
	if string(certificate) != string(wanted) || string(key) != string(wantedKey) {
		t.Error("another certificate is served")
	}
	if _, err := os.Stat(filepath.Join(store, servedPath(Ingress)+".key")); err == nil {
		t.Error("the store has a key for the ingress")
	}
	trust, name, err := OfIngress(c)
	if err != nil || string(trust) != string(wanted) || name != "any.apps.example.com" {
		t.Errorf("it is for %q, %v", name, err)
	}
	_, err = ownCertificates(c, time.Now().AddDate(30, 0, 0))
	if fault.Of(err) != fault.IngressCertificate {
		t.Errorf("long after its end: %v", err)
	}
}
