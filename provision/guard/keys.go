package guard

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
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
			if publicKey(key.Found) != publicKey(key.Wanted) {
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

// publicKey is the key of a certificate, or of a public key in PEM; or the text itself when it is
// neither.
func publicKey(text string) string {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return text
	}
	if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
		return string(cert.RawSubjectPublicKeyInfo)
	}
	return string(block.Bytes)
}
