package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"kbootstrap/inventory"
)

// Fingerprints returns what tells the keys of one cluster from those of another, by the names of
// their files in the store: sums of the public keys of the authorities and of service accounts, so
// that an authority may be renewed, and of the keys that secrets are encrypted with. What is not
// there is left out.
func Fingerprints(store fs.FS) (map[string]string, error) {
	found := map[string]string{}
	var names []string
	for _, a := range authorityTable {
		names = append(names, a.name+".crt")
	}
	for _, name := range append(names, serviceAccount+".pub") {
		text, err := readFrom(store, name)
		if err != nil {
			return nil, err
		}
		if text == nil {
			continue
		}
		key, err := publicKeyOf(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[name] = sumOf(key)
	}
	for number := 1; number <= inventory.MostEncryptionKeys; number++ {
		text, err := readFrom(store, encryptionFile(number))
		if err != nil {
			return nil, err
		}
		if text == nil {
			continue
		}
		key, err := parseEncryptionKey(number, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", encryptionFile(number), err)
		}
		found[encryptionFile(number)] = key.Sum
	}
	return found, nil
}

// readFrom reads a file that need not be there.
func readFrom(store fs.FS, name string) ([]byte, error) {
	text, err := fs.ReadFile(store, path.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// publicKeyOf is the public key in a certificate or in a PEM file of its own, as DER.
func publicKeyOf(text []byte) ([]byte, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM in it")
	}
	if block.Type != "CERTIFICATE" {
		return block.Bytes, nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	return certificate.RawSubjectPublicKeyInfo, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
