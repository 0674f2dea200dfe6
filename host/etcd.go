package host

import (
	"strings"

	"kbootstrap/internal/unitfile"
)

// etcdPeerCN is the value of --peer-cert-allowed-cn in the unit of etcd; "" when it has none.
func (g gatherer) etcdPeerCN() string {
	found := ""
	for _, s := range unitfile.Parse(g.text("etc/systemd/system/etcd.service")) {
		if s.Section != "Service" || s.Name != "ExecStart" {
			continue
		}
		for _, word := range unitfile.Words(s.Value) {
			if value, ok := strings.CutPrefix(word, "--peer-cert-allowed-cn="); ok {
				found = value
			}
		}
	}
	return found
}
