// Package checkup says how a cluster is: what its hosts, its API and etcd tell in, a summary and
// problems out. It asks no host, and its rules are pure, one file a subject. What counts as broken
// is what a user would call broken: something does not work now, or stops within days. Start at
// Judge; the table of what is red and what is not is in docs/guide.md.
package checkup

import (
	"cmp"
	"slices"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/resource/api"
)

// Level is how much a problem matters.
type Level string

// The levels, from the least to the most.
const (
	OK      Level = "ok"
	Note    Level = "note"    // as an operator wants it, such as a node that is cordoned
	Warning Level = "warning" // all works, and something will not for ever
	Broken  Level = "broken"  // something does not work, or stops within days
)

// Rank is the place of a level in the order of how much it matters.
func (l Level) Rank() int { return slices.Index([]Level{OK, Note, Warning, Broken}, l) }

// Problem is one thing that is not as it should be.
type Problem struct {
	Level Level `json:"level"`
	// Area is the line of the summary that the problem counts in; empty when it counts in none.
	Area string `json:"area,omitempty"`
	Host string `json:"host,omitempty"` // empty when it is about the cluster
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"` // what to do, or where to look
	// Unreached says that the host could not be asked: nothing is known of it.
	Unreached bool `json:"unreached,omitempty"`
}

// Area is a line of the summary.
type Area struct {
	Name  string `json:"name"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
}

// The areas.
const (
	Nodes        = "nodes"
	API          = "API"
	Etcd         = "etcd"
	DNS          = "DNS"
	Network      = "pod network"
	Policies     = "policies"
	Certificates = "certificates"
	Backups      = "backups"
	Clocks       = "clocks"
)

// Host is what is known of one host.
type Host struct {
	inventory.Host
	// Error is why the host could not be asked, or not of everything; Reached says which of the
	// two.
	Error      string
	Reached    bool
	Clock      node.Clock
	Components []Component
	Checkup    node.Checkup
	// Server and Kubelet are the versions of Kubernetes that the host's API server and its kubelet
	// have, without a leading v; empty where there is none, or it is not known.
	Server, Kubelet string
}

// Component is the health of a component on a host.
type Component struct {
	Name    string
	Area    string // the line of the summary that it counts in; "" for none
	Unit    string // whose journal tells more; "" for none
	Problem string // empty when it is healthy
	Unknown bool   // it could not be asked, and Problem says why
}

// Scene is what the rules judge.
type Scene struct {
	Cluster *inventory.Cluster
	Now     time.Time
	Hosts   []Host // those of the inventory, in its order
	Members []api.EtcdMember
	// Live says that a host tells of a cluster: without one there is no API to speak of.
	Live bool
	// Bare says that no host has anything of a cluster: what is missing is all of it.
	Bare bool
	// EtcdQuota is how large the database of a member may become where etcd does not tell, in
	// bytes.
	EtcdQuota int64
	// Own are the certificates on the control machine.
	Own []host.Certificate
	// Kept is the path of the certificate that the kubelet of a host renews by itself.
	Kept string
}

// Judge returns the summary, and the problems, the worst first.
func Judge(s Scene) ([]Area, []Problem) {
	if s.Bare {
		return nil, append([]Problem{{
			Level: Broken, Text: "there is no cluster on the hosts yet",
			Hint: "`kbootstrap up` makes it, and `kbootstrap plan` shows what that would do",
		}}, unreached(s)...)
	}
	var problems []Problem
	var summary []Area
	for _, rule := range []struct {
		area  string
		judge func(Scene) (string, []Problem)
	}{
		{Nodes, nodes}, {"", upgrade}, {API, servers}, {Etcd, etcd}, {DNS, dns}, {Network, network},
		{Policies, policies}, {Certificates, certificates},
		{Backups, backups}, {Clocks, clocks}, {"", hosts},
	} {
		text, found := rule.judge(s)
		for i := range found {
			found[i].Area = cmp.Or(found[i].Area, rule.area)
		}
		problems = append(problems, found...)
		if rule.area != "" && text != "" {
			summary = append(summary, Area{Name: rule.area, Text: text})
		}
	}
	for i := range summary {
		summary[i].Level = OK
		for _, p := range problems {
			if p.Area == summary[i].Name && p.Level.Rank() > summary[i].Level.Rank() {
				summary[i].Level = p.Level
			}
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return b.Level.Rank() - a.Level.Rank() })
	return summary, problems
}

// unreached are the hosts that could not be asked.
func unreached(s Scene) []Problem {
	_, found := hosts(s)
	return slices.DeleteFunc(found, func(p Problem) bool { return !p.Unreached })
}

// api is the answer of the first API server that told of nodes, and whether any did.
func (s Scene) api() (told api.APIVitals, ok bool) {
	for _, h := range s.Hosts {
		if v := h.Checkup.Vitals.API; v != nil && v.Nodes != nil {
			return *v, true
		}
	}
	return api.APIVitals{}, false
}
