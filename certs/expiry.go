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

// Expiry returns when every certificate ends, the soonest first. That of a kubelet as a client is
// the one with which it begins, and begins again when the one that it has kept cannot serve; the
// kept one, which it renews by itself, is on the host alone.
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
