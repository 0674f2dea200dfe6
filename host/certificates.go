package host

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Certificate is a certificate found on a host.
type Certificate struct {
	Path      string
	Subject   string // "CN=kube-apiserver,O=…"
	Issuer    string
	Names     []string // the names and addresses that it is for
	Authority bool     // it may sign others
	Sum       string   // its sha256 in hex
	NotBefore time.Time
	NotAfter  time.Time
}

// certificateOf is what is told of a certificate.
func certificateOf(path string, c *x509.Certificate) Certificate {
	sum := sha256.Sum256(c.Raw)
	names := slices.Clone(c.DNSNames)
	for _, address := range c.IPAddresses {
		names = append(names, address.String())
	}
	return Certificate{
		Path: path, Subject: c.Subject.String(), Issuer: c.Issuer.String(), Names: names, Authority: c.IsCA,
		Sum: hex.EncodeToString(sum[:]), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
	}
}

// embeddedCertificate is the user's certificate in a kubeconfig, in base64.
var embeddedCertificate = regexp.MustCompile(`client-certificate-data:\s*"?([A-Za-z0-9+/=]+)`)

// Certificates reads the certificates of the files, those that exist, all of each file. Of a
// kubeconfig it reads the user's.
func Certificates(root string, paths []string) ([]Certificate, error) {
	found := []Certificate{}
	for _, path := range paths {
		rest, err := os.ReadFile(filepath.Join(root, path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if embedded := embeddedCertificate.FindSubmatch(rest); embedded != nil {
			if rest, err = base64.StdEncoding.DecodeString(string(embedded[1])); err != nil {
				return nil, fmt.Errorf("%s: client-certificate-data: %w", path, err)
			}
		}
		before := len(found)
		for block := (*pem.Block)(nil); ; {
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			found = append(found, certificateOf(path, certificate))
		}
		if len(found) == before {
			return nil, fmt.Errorf("%s: no certificate in it", path)
		}
	}
	return found, nil
}
