package certs

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// OnHosts are the texts of files of hosts, by host and by path.
type OnHosts map[string]map[string][]byte

// Adoption is a store that was put together again.
type Adoption struct {
	Files map[string][]byte // by their names in the store
	// Lost are the authorities whose keys are nowhere, as RotationOf names them. Another one of
	// each is in the store, in the stage Trust.
	Lost []string
}

// KeptOn are the paths of the files of a host that a store has too.
func KeptOn(c *inventory.Cluster, h inventory.Host) []string {
	var paths []string
	for _, f := range authorityFiles {
		if f.role == everyHost || h.Has(f.role) {
			paths = append(paths, f.path+f.suffix)
		}
	}
	for _, r := range table {
		if r.isOn(c, h) {
			paths = append(paths, r.places()...)
		}
	}
	return paths
}

// places are where a host has the pair of a row: the two files of it, or a kubeconfig.
func (r row) places() []string {
	if r.pair != "" {
		return []string{r.pair + ".crt", r.pair + ".key"}
	}
	return r.configs[:1]
}

// Adopt puts the store of a running cluster together again: of what its hosts have, of the keys
// that secrets are encrypted with, and of the store as it is in a backup, which may be nil. What
// hosts have of their own certificates is newer than a backup. The authorities of a backup must be
// those that the hosts trust today.
//
// Without a backup the keys of the authorities that are on no host are lost. Each of these is
// replaced: the store is in the stage Trust, as if the replacement had just begun.
func Adopt(
	c *inventory.Cluster, found OnHosts, encryption []EncryptionKey, backup map[string][]byte, now time.Time,
) (Adoption, error) {
	a := Adoption{Files: maps.Clone(backup)}
	if a.Files == nil {
		a.Files = map[string][]byte{}
	}
	var err error
	if backup != nil {
		err = a.fitBackup(c, found)
	} else {
		err = a.takeAuthorities(c, found, now)
	}
	if err != nil {
		return a, err
	}
	for _, key := range encryption {
		if number, ok := strings.CutPrefix(key.Name, "key"); ok {
			a.Files["encryption-"+number+".key"] = []byte(key.Secret + "\n")
		}
	}
	for _, h := range c.Hosts {
		for _, r := range table {
			if r.isOn(c, h) {
				a.takeLeaf(r, h, found[h.Name])
			}
		}
	}
	return a, nil
}

// takeLeaf takes the certificate of a row and its key, where the host has both and they fit.
func (a Adoption) takeLeaf(r row, h inventory.Host, found map[string][]byte) {
	var certPEM, keyPEM []byte
	if r.pair != "" {
		certPEM, keyPEM = found[r.pair+".crt"], found[r.pair+".key"]
	} else {
		certPEM, keyPEM = embedded(found[r.configs[0]])
	}
	if _, err := parse(certPEM, keyPEM); err == nil {
		name := r.path(h)
		a.Files[name+".crt"], a.Files[name+".key"] = certPEM, keyPEM
	}
}

var (
	embeddedCert = regexp.MustCompile(`(?m)^\s*client-certificate-data: (\S+)$`)
	embeddedKey  = regexp.MustCompile(`(?m)^\s*client-key-data: (\S+)$`)
)

// embedded are the certificate and the key in a kubeconfig of the tool; nil where there is none.
func embedded(config []byte) (certPEM, keyPEM []byte) {
	read := func(line *regexp.Regexp) []byte {
		found := line.FindSubmatch(config)
		if found == nil {
			return nil
		}
		text, err := base64.StdEncoding.DecodeString(string(found[1]))
		if err != nil {
			return nil
		}
		return text
	}
	return read(embeddedCert), read(embeddedKey)
}

// fitBackup compares what the hosts trust and sign with, in its order, with what the backup has.
func (a Adoption) fitBackup(c *inventory.Cluster, found OnHosts) error {
	for _, h := range c.Hosts {
		for _, f := range authorityFiles {
			text := found[h.Name][f.path+f.suffix]
			if text == nil || f.suffix == ".key" {
				continue
			}
			dirs := []string{"", nextDir, oldDir}
			if f.signs {
				dirs = dirs[:1]
			}
			var wanted []byte
			for _, dir := range dirs {
				wanted = append(wanted, a.Files[path.Join(dir, f.of+f.suffix)]...)
			}
			if !slices.EqualFunc(keysIn(text), keysIn(wanted), bytes.Equal) {
				return fault.AdoptForeign.Errorf("%s: %s has other keys than the backup: either this is a backup of "+
					"another cluster, or %s was replaced after it was made", h.Name, f.path+f.suffix, RotationOf(f.of))
			}
			if len(keysIn(text)) == 1 { // it may have been signed again with the same key
				a.Files[f.of+f.suffix] = text
			}
		}
	}
	return nil
}

// keysIn are the public keys of the certificates, and the public keys, in a text, in their order.
func keysIn(text []byte) (keys [][]byte) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := publicKeyOf(pem.EncodeToMemory(block))
		if err != nil {
			key = block.Bytes
		}
		keys = append(keys, key)
	}
	return keys
}

// takeAuthorities takes what hosts have of the authorities and of the keys of service accounts, and
// begins to replace the authorities whose keys they do not have.
func (a *Adoption) takeAuthorities(c *inventory.Cluster, found OnHosts, now time.Time) error {
	for _, f := range authorityFiles {
		if f.signs {
			continue
		}
		for _, h := range c.Hosts {
			text := found[h.Name][f.path+f.suffix]
			if text == nil {
				continue
			}
			if f.suffix != ".key" && len(keysIn(text)) != 1 {
				return fault.AdoptForeign.Errorf("%s: %s has several keys: %s is being replaced, and the key that is "+
					"not on a host can only be had from a backup", h.Name, f.path+f.suffix, RotationOf(f.of))
			}
			name := f.of + f.suffix
			if other, ok := a.Files[name]; ok && !bytes.Equal(other, text) {
				return fault.AdoptForeign.Errorf("%s: %s is not what other hosts have", h.Name, f.path+f.suffix)
			}
			a.Files[name] = text
		}
	}
	for _, name := range []string{serviceAccount + ".key", kubernetesCA + ".key"} {
		if a.Files[name] == nil {
			return fault.AdoptForeign.Errorf("no control plane that answers has %s, and there is no backup", name)
		}
	}
	for _, ca := range authorityTable {
		if a.Files[ca.name+".crt"] == nil {
			return fault.AdoptForeign.Errorf("no host that answers has the certificate of %s, and there is no backup",
				RotationOf(ca.name))
		}
		if a.Files[ca.name+".key"] != nil {
			continue
		}
		next, err := newAuthority(pair{}, ca.cn+"-"+now.Format("200601021504"), now.UTC().Truncate(time.Second))
		if err != nil {
			return fmt.Errorf("%s: %w", ca.name, err)
		}
		a.Files[path.Join(nextDir, ca.name)+".key"] = next.keyPEM
		a.Files[path.Join(nextDir, ca.name)+".crt"] = next.certPEM
		a.Lost = append(a.Lost, RotationOf(ca.name))
	}
	return nil
}
