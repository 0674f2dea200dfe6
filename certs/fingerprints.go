package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"kbootstrap/inventory"
)

// fingerprints reads the files that others know the keys by; a file that is not there is nil.
func fingerprints(read func(name string) ([]byte, error)) (map[string]string, error) {
	found := map[string]string{}
	var names []string
	for _, a := range authorityTable {
		names = append(names, a.name+".crt")
	}
	for _, name := range append(names, serviceAccount+".pub") {
		text, err := read(name)
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
		text, err := read(encryptionFile(number))
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
