package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// RunKeys is the authority by which the hosts of one run know each other while they pass contents
// on. Its key is in the memory of the control machine alone, and ends with the run.
type RunKeys struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Identity is what one host is told of the authority of a run: who it is, and whom it may believe.
// The host keeps it in memory, until the session ends.
type Identity struct {
	Authority   []byte // the certificate of the authority, DER
	Certificate []byte // of the host, DER
	Key         []byte // PKCS #8
}

// keysLast is the time that the certificates name. Hosts do not look at it, because their clocks
// may be wrong: what ends a certificate is that no process knows its authority any more.
const keysLast = 24 * time.Hour

// NewRunKeys makes an authority.
func NewRunKeys() (*RunKeys, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template("the hosts of one run")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &RunKeys{certificate, key}, err
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now, NotAfter: now.Add(keysLast),
	}
}

// Identity makes the key of one host.
func (k *RunKeys) Identity(host string) (Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Identity{}, err
	}
	template := template(host)
	template.DNSNames, template.KeyUsage = []string{host}, x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, k.certificate, key.Public(), k.key)
	if err != nil {
		return Identity{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	return Identity{Authority: k.certificate.Raw, Certificate: der, Key: private}, err
}

// config is how a host with the identity speaks TLS, as the one that serves and as the one that
// asks: both ends show a certificate of the run.
func (i Identity) config() (*tls.Config, error) {
	authority, err := x509.ParseCertificate(i.Authority)
	if err != nil {
		return nil, requestError{fmt.Errorf("the authority of a run: %w", err)}
	}
	key, err := x509.ParsePKCS8PrivateKey(i.Key)
	if err != nil {
		return nil, requestError{fmt.Errorf("the key of a run: %w", err)}
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{i.Certificate}, PrivateKey: key}},
		RootCAs:      roots,
		ClientCAs:    roots,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		Time:         func() time.Time { return authority.NotBefore.Add(keysLast / 2) },
	}, nil
}

// overTLS allows HTTP/1.1 alone: one content is one stream.
func overTLS() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}
