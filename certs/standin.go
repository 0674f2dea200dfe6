package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"kbootstrap/inventory"
)

// StandIns returns a PKI that has words in the place of every key, certificate and password, which
// say what stands there: the same for every state directory and at any time. No store is read. The
// replacer turns what is made of the words in base64, as in kubeconfigs, into the words themselves.
//
// The words are those of YAML: a plain scalar may consist of them.
func StandIns(c *inventory.Cluster) (*PKI, *strings.Replacer) {
	w := &standIns{}
	p := &PKI{
		cluster: c, leaves: leaves(c), authorities: map[string]trust{}, pairs: map[string]pair{},
		own: map[string]pair{}, logins: map[string]Login{},
	}
	for _, a := range authorityTable {
		p.authorities[a.name] = trust{pair: w.pair(a.name, a.cn, "", "authority", authorityLife)}
	}
	for _, l := range p.leaves {
		words := "signed by " + l.issuer
		if len(l.sans) > 0 {
			words += ", for " + strings.Join(l.sans, " ")
		}
		p.pairs[l.name] = w.pair(l.name, l.cn, l.org, words, leafLife)
	}
	if c.AddOns.Ingress.Enabled && c.AddOns.Ingress.Certificate != "" {
		p.own[Ingress] = pair{
			certPEM: w.lines("certificate of the ingress as the inventory names it"),
			keyPEM:  w.lines("key of the ingress as the inventory names it"),
		}
	}
	p.serviceAccount.keyPair = keyPair{
		w.lines("private key of service accounts"), w.lines("public key of service accounts"),
	}
	if c.Security.Encryption == inventory.Secretbox {
		name := fmt.Sprintf("key%d", c.Security.EncryptionKey)
		secret := w.word("encryption " + name)
		sum := sha256.Sum256([]byte(secret))
		p.encryption = []EncryptionKey{{Name: name, Secret: secret, Sum: hex.EncodeToString(sum[:])}}
	}
	if c.AddOns.Registry.Enabled {
		p.registry = RegistryLogin{User: registryUser, Password: w.word("password of the registry")}
		p.registry.Hash = registryUser + ":" + w.word("hash of the password of the registry") + "\n"
		w.encode(p.registry.User + ":" + p.registry.Password)
	}
	for _, l := range logins {
		if l.isOn(c) {
			p.logins[l.name] = Login{User: l.name, Password: w.word("password of " + l.name)}
		}
	}
	return p, strings.NewReplacer(w.encoded...)
}

// standIns makes words, and keeps what each is in base64.
type standIns struct{ encoded []string }

// word is what stands in the place of a text.
func (w *standIns) word(what string) string {
	word := "<not written, " + what + ">"
	w.encode(word)
	return word
}

// lines is what stands in the place of a file.
func (w *standIns) lines(what string) []byte {
	text := w.word(what) + "\n"
	w.encode(text)
	return []byte(text)
}

// encode has a text in base64 replaced by itself, on one line.
func (w *standIns) encode(text string) {
	w.encoded = append(w.encoded, base64.StdEncoding.EncodeToString([]byte(text)), strings.TrimSuffix(text, "\n"))
}

// pair is a certificate and a key in words.
func (w *standIns) pair(name, cn, org, words string, life time.Duration) pair {
	subject := "CN=" + cn
	names := pkix.Name{CommonName: cn}
	if org != "" {
		subject += " O=" + org
		names.Organization = []string{org}
	}
	years := int(life / leafLife)
	return pair{
		certPEM: w.lines(fmt.Sprintf("certificate %s, %s, %s, valid for %d days", name, subject, words, 365*years)),
		keyPEM:  w.lines("private key of " + name),
		cert:    &x509.Certificate{Subject: names},
	}
}
