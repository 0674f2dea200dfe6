package release

import (
	"path/filepath"
	"strings"
	"sync"

	"kbootstrap/inventory"
)

// place is where an artifact may be had.
type place struct {
	at       string // a path, a URL, or the name of an image in a registry
	server   string // what all artifacts of the same server have in common
	isFile   bool
	isImage  bool // it is pulled from a registry, else it is one file
	insecure bool // the registry is plain http
}

// places know where artifacts are to be had, in the order in which that is tried.
type places struct {
	mirrors   []string            // directories or URLs that have everything
	upstreams map[string][]string // URLs in place of a host of upstream

	mu   sync.Mutex
	away map[string]bool // the servers that could not be reached
}

func placesOf(a inventory.Artifacts) *places {
	return &places{mirrors: a.Mirrors(), upstreams: a.Upstreams, away: map[string]bool{}}
}

// of returns the places of an artifact. A server that could not be reached in this run comes last:
// with many artifacts, waiting for it each time would take minutes.
func (p *places) of(a artifact) []place {
	var all []place
	for _, m := range p.mirrors {
		if strings.Contains(m, "://") {
			all = append(all, place{at: m + "/" + a.name(), server: m})
		} else {
			all = append(all, place{at: filepath.Join(m, filepath.FromSlash(a.name())), server: m, isFile: true})
		}
	}
	if len(p.mirrors) == 0 {
		all = p.upstream(a)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var here, away []place
	for _, at := range all {
		if p.away[at.server] {
			away = append(away, at)
		} else {
			here = append(here, at)
		}
	}
	return append(here, away...)
}

// upstream returns the places of an artifact without a mirror: those that the inventory names in
// place of its host, else the host itself. An image has the same digest in each.
func (p *places) upstream(a artifact) []place {
	name := a.name()
	if a.image != "" {
		name = a.image
	}
	host, rest, _ := strings.Cut(name, "/")
	var all []place
	for _, url := range p.upstreams[host] {
		scheme, registry, _ := strings.Cut(url, "://")
		if a.image != "" {
			all = append(all, place{at: registry + "/" + rest, server: url, isImage: true, insecure: scheme == "http"})
		} else {
			all = append(all, place{at: url + "/" + rest, server: url})
		}
	}
	switch {
	case len(all) > 0:
		return all
	case a.image != "":
		return []place{{at: a.image, server: host, isImage: true}}
	}
	return []place{{at: a.url, server: host}}
}

// isAway notes that a server cannot be reached.
func (p *places) isAway(server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away[server] = true
}

// plainHTTP returns the places that an artifact may come from where anyone on the way can replace
// it.
func (p *places) plainHTTP(a artifact) []string {
	var plain []string
	for _, at := range p.of(a) {
		if at.insecure || strings.HasPrefix(at.at, "http://") {
			plain = append(plain, at.server)
		}
	}
	return plain
}
