package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"

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

// Fingerprints returns those of the keys in use; see FingerprintsOf. Stand-ins for keys have none.
func (p *PKI) Fingerprints() map[string]string {
	files := map[string][]byte{serviceAccount + ".pub": p.serviceAccount.public}
	for _, a := range authorityTable {
		files[a.name+".crt"] = p.authorities[a.name].certPEM
	}
	maps.DeleteFunc(files, func(_ string, text []byte) bool {
		block, _ := pem.Decode(text)
		return block == nil
	})
	found, err := FingerprintsOf(files)
	if err != nil {
		panic(fmt.Sprintf("certs: a key that was loaded cannot be read: %v", err))
	}
	for _, key := range p.encryption {
		found["encryption-"+strings.TrimPrefix(key.Name, "key")+".key"] = key.Sum
	}
	return found
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
