package host

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
)

// Authority is a certificate authority that a host trusts.
type Authority struct {
	Path    string
	Subject string
	// Key is the sha256 of its public key in hex: what stays when the certificate is made again of
	// the same key.
	Key string
	// Others are those of further certificates in the file: while one authority takes the place of
	// another, hosts trust both.
	Others []string `json:",omitempty"`
}

// Shares reports whether two files have the key of an authority in common.
func (a Authority) Shares(b Authority) bool {
	keys := append([]string{b.Key}, b.Others...)
	return slices.ContainsFunc(append([]string{a.Key}, a.Others...), func(key string) bool {
		return slices.Contains(keys, key)
	})
}

// ParseAuthority reads the certificates of a PEM text, as a Survey does.
func ParseAuthority(text []byte) (Authority, bool) {
	var found Authority
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return Authority{}, false
		}
		sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
		if key := hex.EncodeToString(sum[:]); found.Key == "" {
			found.Subject, found.Key = certificate.Subject.String(), key
		} else {
			found.Others = append(found.Others, key)
		}
	}
	return found, found.Key != ""
}

// authority reads the certificates of a file.
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
