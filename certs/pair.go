package certs

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"kbootstrap/fault"
)

// pair is a certificate and its private key, as bytes that the hosts get and parsed.
type pair struct {
	certPEM, keyPEM []byte
	cert            *x509.Certificate
	key             crypto.Signer
}

// The errors of a pair that is not usable. Their text says which half is at fault.
var (
	errNoCertificate = errors.New("the certificate is missing")
	errNoKey         = errors.New("the key is missing")
	errMismatch      = errors.New("the key is not the certificate's")
)

// read reads a pair from the store. What is missing or not usable is a damaged error; any other
// error is the file system's.
func read(root *tree, name string) (pair, error) {
	certPEM, err := readIfThere(root, name+".crt")
	if err != nil {
		return pair{}, err
	}
	keyPEM, err := readIfThere(root, name+".key")
	if err != nil {
		return pair{}, err
	}
	return parse(certPEM, keyPEM)
}

// damaged is the error of a pair whose files could be read but not used: what is wrong with either
// half.
type damaged []error

func (d damaged) Unwrap() []error { return d }

// Fault returns the code.
func (d damaged) Fault() fault.Code { return fault.AuthorityDamaged }

func (d damaged) Error() string {
	var texts []string
	for _, err := range d {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

// parse makes a pair of its two files, nil standing for a missing one. The parts that are fine are
// set even when another is not.
func parse(certPEM, keyPEM []byte) (pair, error) {
	p := pair{certPEM: certPEM, keyPEM: keyPEM}
	var wrong damaged
	var err error
	if p.cert, err = parseCertificate(certPEM); err != nil {
		wrong = append(wrong, err)
	}
	if p.key, err = parseKey(keyPEM); err != nil {
		wrong = append(wrong, err)
	}
	if wrong != nil {
		return p, wrong
	}
	public, ok := p.key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(p.cert.PublicKey) {
		return p, damaged{errMismatch}
	}
	return p, nil
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	if text == nil {
		return nil, errNoCertificate
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("the certificate is not in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// parseKey reads the forms of unencrypted keys that Kubernetes reads, so that an authority may be
// brought along.
func parseKey(text []byte) (crypto.Signer, error) {
	if text == nil {
		return nil, errNoKey
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		default:
			continue // "EC PARAMETERS", which openssl writes before the key
		}
		if err != nil {
			return nil, fmt.Errorf("the key: %w", err)
		}
		if s, ok := key.(crypto.Signer); ok {
			return s, nil
		}
	}
	return nil, errors.New("no private key in PEM, or an encrypted one")
}

// isKeyless reports whether nothing is wrong with a pair but that its key is missing.
func isKeyless(err error) bool {
	var wrong damaged
	return errors.As(err, &wrong) && len(wrong) == 1 && errors.Is(wrong[0], errNoKey)
}
