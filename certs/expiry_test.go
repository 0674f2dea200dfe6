package certs

import (
	"slices"
	"testing"
)

func TestExpiry(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	add(c, "w2", "10.0.0.32")
	p := issue(t, s, c, start.Add(30*day))
	all := p.Expiry()
	if got, want := len(all), len(authorityTable)+len(leaves(c)); got != want {
		t.Errorf("%d certificates, want %d", got, want)
	}
	if !slices.IsSortedFunc(all, func(a, b Expiry) int { return a.NotAfter.Compare(b.NotAfter) }) {
		t.Error("the soonest is not first")
	}
	for _, want := range []Expiry{
		{"admin", "", start.Add(365 * day)},
		{"apiserver", "cp1", start.Add(365 * day)},
		{"kubelet", "w2", start.Add((365 + 30) * day)},
		{"etcd/ca", "", start.Add(3650 * day)},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("%v is missing", want)
		}
	}
}
