package guard

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// lostEncryptionKeys finds keys on control planes that the state directory lacks: without them what
// they have encrypted is lost. A configuration of the user's own is the user's business, unless the
// tool has encrypted secrets, which it then cannot read.
func lostEncryptionKeys(s Situation) Refusals {
	if s.KeysLost {
		return nil
	}
	store := filepath.Join(s.Cluster.StateDir(), "pki")
	if s.Cluster.Arguments[component.APIServer]["encryption-provider-config"] != "" {
		if len(s.EncryptionKeys) == 0 || !s.IsLive() {
			return nil
		}
		return Refusals{{
			Code: fault.EncryptionKeyLost,
			Text: "encryption-provider-config of kube-apiserver names another file than the tool's, whose keys " +
				"secrets may be encrypted with",
			Advice: fmt.Sprintf("leave the argument out and run `up` with security.encryption: none, which decrypts "+
				"all secrets; then remove %s/encryption-*.key here and %s on control planes, and add the "+
				"argument again",
				store, host.EncryptionConfig),
		}}
	}
	var rs Refusals
	for _, h := range s.Cluster.With(inventory.ControlPlane) {
		facts := s.Facts[h.Name]
		if facts.EtcdBootstrapped != "" && !s.isOurs(facts) {
			continue // Foreign tells of it
		}
		var lost []string
		for _, p := range facts.Encryption {
			isKnown := func(k certs.EncryptionKey) bool { return k.Name == p.Name && k.Sum == p.Sum }
			if p.Name != host.Identity && !slices.ContainsFunc(s.EncryptionKeys, isKnown) {
				lost = append(lost, p.Name)
			}
		}
		if lost == nil {
			continue
		}
		rs = append(rs, &RefusedError{
			Code: fault.EncryptionKeyLost, Host: h.Name,
			Text: fmt.Sprintf("secrets in etcd may be encrypted with a key that is in %s here and not in %s: %s",
				host.EncryptionConfig, store, strings.Join(lost, ", ")),
			Advice: "restore the state directory of this cluster from a backup, or copy the key from the control " +
				"plane to encryption-N.key in the state directory; with another key no API server could read " +
				"these secrets",
		})
	}
	return rs
}
