package host

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
)

// Authority is a certificate authority that a host trusts.
type Authority struct {
	Path    string
	Subject string
	// Key is the sha256 of its public key in hex: what stays when the certificate is made again of
	// the same key.
	Key string
}

// ParseAuthority reads the first certificate of a PEM text, as a Survey does.
func ParseAuthority(text []byte) (Authority, bool) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return Authority{}, false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Authority{}, false
	}
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return Authority{Subject: certificate.Subject.String(), Key: hex.EncodeToString(sum[:])}, true
}

// authority reads the first certificate of a file.
func (s surveyor) authority(path string) *Authority {
	if path == "" {
		return nil
	}
	found, ok := ParseAuthority([]byte(s.text(path)))
	if !ok {
		return nil
	}
	found.Path = path
	return &found
}
