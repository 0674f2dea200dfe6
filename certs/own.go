package certs

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// ownCertificates reads the certificates that the owner of a cluster has from elsewhere. They stay
// where they are: the store has no copy.
func ownCertificates(c *inventory.Cluster, now time.Time) (map[string]pair, error) {
	a := c.AddOns.Ingress
	if !a.Enabled || a.Certificate == "" {
		return nil, nil
	}
	own, err := ownIngress(a)
	if err != nil {
		return nil, err
	}
	if end := own.cert.NotAfter; now.After(end) {
		return nil, fault.IngressCertificate.Errorf("%s: the certificate of the ingress has expired on %s",
			a.Certificate, end.Format(time.DateOnly))
	}
	return map[string]pair{Ingress: own}, nil
}

// ownIngress reads the certificate that an inventory names for the ingress.
func ownIngress(a inventory.IngressAddOn) (pair, error) {
	certificate, err := os.ReadFile(a.Certificate)
	if err != nil {
		return pair{}, err
	}
	key, err := os.ReadFile(a.Key)
	if err != nil {
		return pair{}, err
	}
	parsed, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return pair{}, fmt.Errorf("%s and %s: %w", a.Certificate, a.Key, err)
	}
	return pair{cert: parsed.Leaf, certPEM: certificate, keyPEM: key}, nil
}

// OfIngress returns the certificate that the ingress of a cluster has from elsewhere, in PEM, and a
// name that it is for; nil where the cluster's authority signs it.
func OfIngress(c *inventory.Cluster) (certificate []byte, name string, err error) {
	a := c.AddOns.Ingress
	if !a.Enabled || a.Certificate == "" {
		return nil, "", nil
	}
	own, err := ownIngress(a)
	if err != nil {
		return nil, "", err
	}
	if names := own.cert.DNSNames; len(names) > 0 {
		name = strings.Replace(names[0], "*.", "any.", 1)
	}
	return own.certPEM, name, nil
}
