package certs

import (
	"cmp"
	"path"
	"slices"
	"time"
)

// Expiry is when a certificate ends.
type Expiry struct {
	Name     string // its name in the store: "apiserver", or "etcd/ca"
	Host     string // the host that has it; empty for authorities and the control machine's own
	NotAfter time.Time
}

// Expiry returns when every certificate ends, the soonest first. The kubelet's client certificate
// is the one that the host began with: a kubelet renews it by itself.
func (p *PKI) Expiry() []Expiry {
	var all []Expiry
	for _, a := range authorityTable {
		all = append(all, Expiry{Name: a.name, NotAfter: p.authorities[a.name].cert.NotAfter})
	}
	for _, l := range p.leaves {
		all = append(all, Expiry{Name: path.Base(l.name), Host: l.host, NotAfter: p.pairs[l.name].cert.NotAfter})
	}
	slices.SortFunc(all, func(a, b Expiry) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Name, b.Name))
	})
	return all
}
