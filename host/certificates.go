package host

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Certificate is a certificate found on a host.
type Certificate struct {
	Path      string
	Subject   string // "CN=kube-apiserver,O=…"
	NotBefore time.Time
	NotAfter  time.Time
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
			found = append(found, Certificate{
				Path:      path,
				Subject:   certificate.Subject.String(),
				NotBefore: certificate.NotBefore,
				NotAfter:  certificate.NotAfter,
			})
		}
		if len(found) == before {
			return nil, fmt.Errorf("%s: no certificate in it", path)
		}
	}
	return found, nil
}
