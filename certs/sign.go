package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"sync"
	"time"

	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/csr"
	"github.com/cloudflare/cfssl/initca"
	cfssllog "github.com/cloudflare/cfssl/log"
	"github.com/cloudflare/cfssl/signer"
	"github.com/cloudflare/cfssl/signer/local"
)

// How long certificates are valid. kubeadm's terms: ten years, one year.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// backdate is how far certificates begin in the past: hosts whose clock is behind by less
	// accept them at once.
	backdate = time.Hour
)

// cfssl tells its progress, and again every error that it returns, through a logger whose level is
// a variable of its package. It is set once, before the first use of cfssl and by the only package
// that imports it: nothing races with it.
var silence sync.Once

func silenced() {
	silence.Do(func() { cfssllog.Level = cfssllog.LevelFatal })
}

// newKey makes an ECDSA key on P-256: fast, small, and known to every client; ed25519 is not.
func newKey() (crypto.Signer, error) {
	silenced()
	key, err := csr.NewKeyRequest().Generate()
	if err != nil {
		return nil, err
	}
	return key.(*ecdsa.PrivateKey), nil
}

// encodeKey is a private key in PEM, in the form that kubeadm and openssl write ("EC PRIVATE KEY").
func encodeKey(key crypto.Signer) ([]byte, error) {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an ECDSA key")
	}
	der, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// selfSign makes the certificate of an authority with its own key. It takes cfssl's policy for
// authorities, but not initca.New, which knows no time but the clock's. The authority may sign no
// other authorities: the tool makes none, so one of them is a forgery.
func selfSign(key crypto.Signer, cn string, now time.Time) ([]byte, error) {
	silenced()
	request, err := csr.Generate(key, &csr.CertificateRequest{CN: cn, CA: &csr.CAConfig{PathLenZero: true}})
	if err != nil {
		return nil, err
	}
	policy := initca.CAPolicy()
	policy.Default.CAConstraint.MaxPathLenZero = true
	s, err := local.NewSigner(key, nil, signer.DefaultSigAlgo(key), policy)
	if err != nil {
		return nil, err
	}
	return s.Sign(signer.SignRequest{Request: string(request), NotBefore: now.Add(-backdate),
		NotAfter: now.Add(authorityLife)})
}

// sign issues a certificate with a new key. It never outlives its authority: cfssl does not see to
// that.
func sign(ca pair, l leaf, now time.Time) (pair, error) {
	silenced()
	request := csr.CertificateRequest{CN: l.cn, Hosts: l.sans}
	if l.org != "" {
		request.Names = []csr.Name{{O: l.org}}
	}
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	requestPEM, err := csr.Generate(key, &request)
	if err != nil {
		return pair{}, err
	}
	s, err := local.NewSigner(ca.key, ca.cert, signer.DefaultSigAlgo(ca.key), policy(l))
	if err != nil {
		return pair{}, err
	}
	end := now.Add(leafLife)
	if end.After(ca.cert.NotAfter) {
		end = ca.cert.NotAfter
	}
	certPEM, err := s.Sign(signer.SignRequest{Request: string(requestPEM),
		NotBefore: now.Add(-backdate), NotAfter: end})
	if err != nil {
		return pair{}, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return pair{}, err
	}
	return parse(certPEM, keyPEM)
}

// policy is cfssl's name for the usages of a certificate. A P-256 key only signs; it cannot
// encipher.
func policy(l leaf) *config.Signing {
	usages := []string{"digital signature"}
	for _, u := range l.usages {
		switch u {
		case x509.ExtKeyUsageClientAuth:
			usages = append(usages, "client auth")
		case x509.ExtKeyUsageServerAuth:
			usages = append(usages, "server auth")
		}
	}
	return &config.Signing{Default: &config.SigningProfile{Usage: usages, Expiry: leafLife,
		ExpiryString: leafLife.String()}}
}
