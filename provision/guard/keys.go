package guard

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// replacedKeys finds authorities and keys on hosts that are not those of the state directory.
func replacedKeys(s Situation) Refusals {
	if !s.IsLive() || s.KeysLost {
		return nil
	}
	var rs Refusals
	for _, h := range s.Cluster.Hosts {
		facts, asked := s.Facts[h.Name]
		leads := h.Has(inventory.ControlPlane) || h.Has(inventory.Etcd)
		if !asked || !leads || facts.EtcdBootstrapped != "" && !s.isOurs(facts) {
			continue // a worker of another cluster gets what it needs of this one; Foreign tells of the others
		}
		var others []string
		for _, key := range s.Evidence[h.Name].Keys {
			if !key.isOurs() {
				others = append(others, key.Path)
			}
		}
		if others == nil {
			continue
		}
		rs = append(rs, &RefusedError{
			Code: fault.AuthorityReplaced, Host: h.Name,
			Text: fmt.Sprintf("the keys that the running cluster depends on are not those in %s: %s",
				filepath.Join(s.Cluster.StateDir(), "pki"), strings.Join(others, ", ")),
			Advice: "restore the state directory of this cluster from a backup, or run the command where " +
				"the directory is; other keys would lock out every host, pod and administrator",
		})
	}
	return rs
}

// isOurs reports whether what was found and what is wanted have a key in common: while one key
// takes the place of another a file has both, and a host that has missed all of that has none of
// those of today.
func (k Key) isOurs() bool {
	wanted := publicKeys(k.Wanted)
	return slices.ContainsFunc(publicKeys(k.Found), func(found string) bool { return slices.Contains(wanted, found) })
}

// publicKeys are the keys of the certificates, and the public keys, in a PEM text; or the text
// itself when it has neither.
func publicKeys(text string) []string {
	var keys []string
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		key := string(block.Bytes)
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			key = string(cert.RawSubjectPublicKeyInfo)
		}
		keys = append(keys, key)
	}
	if keys == nil {
		return []string{text}
	}
	return keys
}
