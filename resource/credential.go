package resource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"kbootstrap/host"
)

// Credential is the certificate that a program keeps for itself and renews: a kubelet begins with
// that of its kubeconfig, and from then on uses what it has kept, whatever the kubeconfig says.
// Wanted is that none is kept that cannot serve any more; the program then begins again with its
// kubeconfig. One that serves is the program's own business, and none is fine too.
type Credential struct {
	Path       string // "/var/lib/kubelet/pki/kubelet-client-current.pem": a certificate and its key
	CommonName string // that it must be made out to: "system:node:w1"
	CA         []byte // of the authority that must have signed it, in PEM
	Unfit      string // only in a found value: why it cannot serve
}

// ID is "credential PATH".
func (c Credential) ID() string { return "credential " + c.Path }

// State is empty, unless a credential is kept that cannot serve.
func (c Credential) State() string {
	if c.Unfit == "" {
		return ""
	}
	return States("kept, and unfit: " + c.Unfit)
}

// Observe reads the credential. A link that leads nowhere is none, as for the kubelet.
func (c Credential) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found := c
	text, err := os.ReadFile(sys.Path(c.Path))
	if host.Absent(err) {
		found.Unfit = ""
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	found.Unfit = ""
	if err := c.check(text, time.Now()); err != nil {
		found.Unfit = err.Error()
	}
	return found, nil
}

// overdue is the part of its life in which a certificate should have been renewed already, as a
// divisor: a kubelet asks for the next one when 10 to 30 % are left.
const overdue = 20

// check returns why a credential cannot serve. One that is not valid yet can: it is the host's
// clock that is wrong.
func (c Credential) check(text []byte, now time.Time) error {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return errors.New("it has no certificate with its key")
	}
	ca, err := authorityOf(c.CA)
	if err != nil {
		return err
	}
	cert := pair.Leaf
	left, life := cert.NotAfter.Sub(now), cert.NotAfter.Sub(cert.NotBefore)
	switch {
	case cert.Subject.CommonName != c.CommonName:
		return fmt.Errorf("it is made out to %q", cert.Subject.CommonName)
	case cert.CheckSignatureFrom(ca) != nil:
		return errors.New("it is signed by another authority")
	case left <= 0:
		return fmt.Errorf("it ended %s", cert.NotAfter.UTC().Format(time.RFC3339))
	case left < life/overdue:
		return fmt.Errorf("it ends %s and was not renewed", cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func authorityOf(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("its authority is not in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// Apply removes a credential that cannot serve. It makes none, so what was found cannot come back.
func (c Credential) Apply(ctx context.Context, sys *host.System) error {
	if c.Unfit != "" {
		return nil
	}
	found, err := c.Observe(ctx, sys)
	if err != nil || !Changed(found, c) {
		return err
	}
	return sys.RemoveFile(sys.Path(c.Path))
}
