// Package keyring says which certificates and keys a cluster has, when each ends, and what renews
// it: what hosts and the state directory show in, a table out. It asks no host. Start at Judge.
package keyring

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/checkup"
	"kbootstrap/provision/component"
)

// Kind is what an entry of the table is.
type Kind string

// The kinds of entries.
const (
	Certificate Kind = "certificate" // in a file
	Authority   Kind = "authority"   // in a file: it signs others
	Served      Kind = "served"      // as a server shows it to who connects
	Memory      Kind = "memory"      // in a process alone
	Key         Kind = "key"         // of which only the age is known
)

// Entry is one certificate or key in one place.
type Entry struct {
	Host  string // empty on the control machine
	Kind  Kind
	Name  string // that the store has for it: "apiserver", "etcd/ca"
	Place string // a file, an address, or a process
	Used  string // the component that uses it
	// Renews is what renews or replaces it.
	Renews  string
	Subject string
	Issuer  string
	Names   []string
	Begins  time.Time
	Ends    time.Time // zero for a key
	Level   checkup.Level
	// Problem is why the Level is not that of something that is well.
	Problem string
}

// Scene is what is judged.
type Scene struct {
	Cluster *inventory.Cluster
	Now     time.Time
	Minor   int // of Kubernetes
	Hosts   []Host
	Own     host.Keyring // of the state directory, by paths in the store
}

// Host is a host that was asked, with what it shows.
type Host struct {
	inventory.Host
	Keyring host.Keyring
}

// apiServerUnit is the unit whose process has a certificate in memory alone.
const apiServerUnit = "kube-apiserver.service"

// Query is what a host is to be asked.
func Query(c *inventory.Cluster, h inventory.Host) host.KeyringQuery {
	q := host.KeyringQuery{Certificates: []string{component.KubeletKept}}
	for _, p := range certs.Places(c, h) {
		if p.Key {
			q.Keys = append(q.Keys, p.Path)
		} else {
			q.Certificates = append(q.Certificates, p.Path)
		}
	}
	for _, s := range component.ShownOn(c, h) {
		q.Served = append(q.Served, s.Address)
	}
	if h.Has(inventory.ControlPlane) {
		q.Keys = append(q.Keys, host.EncryptionConfig)
		q.Units = []string{apiServerUnit}
	}
	return q
}

// Judge returns all certificates and keys, the worst first: by level, and then by their end.
func Judge(s Scene) []Entry {
	entries := own(s)
	for _, h := range s.Hosts {
		entries = append(entries, files(s, h)...)
		entries = append(entries, served(s, h)...)
		entries = append(entries, memory(s, h)...)
	}
	slices.SortStableFunc(entries, func(x, y Entry) int {
		return cmp.Or(y.Level.Rank()-x.Level.Rank(), compareEnds(x.Ends, y.Ends), cmp.Compare(x.Host, y.Host))
	})
	return entries
}

// compareEnds has what never ends come last.
func compareEnds(x, y time.Time) int {
	if x.IsZero() != y.IsZero() {
		if x.IsZero() {
			return 1
		}
		return -1
	}
	return x.Compare(y)
}

// own are the entries of the state directory.
func own(s Scene) []Entry {
	var entries []Entry
	for _, p := range certs.OwnPlaces(s.Cluster) {
		entries = append(entries, fromPlace(s, "", p, s.Own)...)
	}
	return entries
}

// files are the entries of a host's files.
func files(s Scene, h Host) []Entry {
	var entries []Entry
	for _, p := range certs.Places(s.Cluster, h.Host) {
		entries = append(entries, fromPlace(s, h.Name, p, h.Keyring)...)
	}
	for _, c := range h.Keyring.Certificates {
		if c.Path == component.KubeletKept {
			entries = append(entries, judged(s, Entry{Host: h.Name, Kind: Certificate, Name: "kubelet-client",
				Place: c.Path, Used: "kubelet", Renews: "the kubelet"}, c))
		}
	}
	for _, k := range h.Keyring.Keys {
		if k.Path == host.EncryptionConfig {
			entries = append(entries, Entry{Host: h.Name, Kind: Key, Name: "encryption", Place: k.Path,
				Level: checkup.OK,
				Used:  component.APIServer, Begins: k.Modified, Renews: rotates(certs.RotateEncryption)})
		}
	}
	return entries
}

// fromPlace are the entries of what was found in a place: an authority's file may have several.
func fromPlace(s Scene, name string, p certs.Place, found host.Keyring) []Entry {
	base := Entry{Host: name, Kind: Certificate, Name: p.Name, Place: p.Path, Used: p.Component, Renews: renews(p)}
	if p.Authority {
		base.Kind = Authority
	}
	var entries []Entry
	for _, c := range found.Certificates {
		if c.Path == p.Path {
			entries = append(entries, judged(s, base, c))
		}
	}
	for _, k := range found.Keys {
		if k.Path == p.Path {
			base.Kind, base.Begins, base.Level = Key, k.Modified, checkup.OK
			entries = append(entries, base)
		}
	}
	return entries
}

// judged completes an entry by its certificate.
func judged(s Scene, e Entry, c host.Certificate) Entry {
	e.Subject, e.Issuer, e.Names, e.Begins, e.Ends = c.Subject, c.Issuer, c.Names, c.NotBefore, c.NotAfter
	e.Level = checkup.LevelOfExpiry(s.Now, c.NotBefore, c.NotAfter, e.Place == component.KubeletKept)
	switch {
	case s.Now.Before(c.NotBefore):
		e.Level, e.Problem = checkup.Broken, "not valid yet: a clock is wrong"
	case !s.Now.Before(c.NotAfter):
		e.Problem = "has ended"
	case e.Level != checkup.OK:
		e.Problem = "ends soon"
	case e.Kind == Authority && c.NotAfter.Sub(s.Now) < yearBefore:
		e.Level, e.Problem = checkup.Note, "ends within a year, and nothing that it signs can end later"
	}
	return e
}

// yearBefore is when the end of an authority begins to count: what it signs is good for a year.
const yearBefore = 365 * 24 * time.Hour

// served compares what servers show with the files that they should have it from.
func served(s Scene, h Host) []Entry {
	var entries []Entry
	for _, shown := range component.ShownOn(s.Cluster, h.Host) {
		for _, seen := range h.Keyring.Served {
			if seen.Address != shown.Address {
				continue
			}
			e := Entry{Host: h.Name, Kind: Served, Place: seen.Address, Used: shown.By, Renews: "the file " +
				shown.Path}
			for _, p := range certs.Places(s.Cluster, h.Host) {
				if p.Path == shown.Path {
					e.Name = p.Name
				}
			}
			if seen.Error != "" {
				e.Level, e.Problem = checkup.Warning, "shows no certificate: "+seen.Error
				entries = append(entries, e)
				continue
			}
			e = judged(s, e, seen.Certificate)
			for _, c := range h.Keyring.Certificates {
				if c.Path == shown.Path && c.Sum != seen.Certificate.Sum && e.Level != checkup.Broken {
					e.Level, e.Problem = checkup.Warning, "the server shows another certificate than "+c.Path
				}
			}
			entries = append(entries, e)
		}
	}
	return entries
}

// memory is the certificate with which an API server calls itself: it makes one at each start, and
// no file has it. It is good for a year up to 1.32, and for three from 1.33 on
// (https://github.com/kubernetes/kubernetes/pull/130047).
func memory(s Scene, h Host) []Entry {
	started, runs := h.Keyring.Started[apiServerUnit]
	if !runs {
		return nil
	}
	years := 1
	if s.Minor >= loopbackThreeYears {
		years = 3
	}
	e := Entry{Host: h.Name, Kind: Memory, Name: "loopback", Place: "process of " + apiServerUnit,
		Used: component.APIServer, Renews: "a restart of " + apiServerUnit}
	return []Entry{judged(s, e, host.Certificate{
		Subject: "CN=apiserver-loopback-client", Issuer: "itself", NotBefore: started,
		NotAfter: started.AddDate(years, 0, 0),
	})}
}

// loopbackThreeYears is the minor version from which on it is good for three years.
const loopbackThreeYears = 33

// renews is what renews or replaces what is in a place.
func renews(p certs.Place) string {
	switch {
	case p.Authority || p.Key:
		return rotates(certs.RotationOf(p.Name))
	}
	return fmt.Sprintf("`up` in its last third, `certs renew %s`", p.Name)
}

func rotates(name string) string {
	if name == certs.RotateEncryption {
		return "security.encryptionKey of the inventory"
	}
	return "`certs rotate-ca " + name + "`"
}
