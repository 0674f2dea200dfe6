package inventory

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"kbootstrap/fault"
)

// Registries say where the hosts of a cluster get images from.
type Registries struct {
	// Mirrors are asked before the registry that images are named by: "docker.io", or AnyRegistry.
	Mirrors map[string][]Mirror
}

// Mirror is a registry that has the images of another.
type Mirror struct {
	URL string // without a slash at its end
	// CA is the path of the file with the certificate of its authority; "" for one that hosts trust
	// anyway. Authority is what is in the file.
	CA        string
	Authority []byte
	// Own says that it is the registry of the cluster itself.
	Own bool
}

// AnyRegistry stands for every registry that has no mirrors of its own, as containerd calls it.
const AnyRegistry = "_default"

// DockerHub is the registry of images that name none.
const DockerHub = "docker.io"

// registriesFields returns the fields of registries.
func registriesFields(s *Registries) []field {
	return []field{{
		name: "mirrors", shape: "mapping of lists of URLs",
		doc: "for each registry, such as `docker.io`, the mirrors that are asked first: URLs, or mappings with `url` " +
			"and `ca`, the file with the certificate of an authority of your own. `_default` stands for every " +
			"registry without mirrors. containerd, and so every pod, uses all of them; docker those of `docker.io`.",
		read: words(func(r *reader, at, key string, v *node) {
			each(func(r *reader, at string, v *node) {
				if m := mirrorOf(r, at, v); m.URL != "" {
					if s.Mirrors == nil {
						s.Mirrors = map[string][]Mirror{}
					}
					s.Mirrors[key] = append(s.Mirrors[key], m)
				}
			})(r, at, v)
			checkUpstream(r, at, key)
		}),
	}}
}

// mirrorOf reads one of a list.
func mirrorOf(r *reader, at string, v *node) Mirror {
	var m Mirror
	if v.kind == mapping {
		r.mapping(at, v, []field{
			{name: "url", required: true, read: mirrorURL(&m.URL)},
			{name: "ca", read: file(&m.CA)},
		})
	} else {
		mirrorURL(&m.URL)(r, at, v)
	}
	if m.CA != "" {
		m.Authority = authorityIn(r, at+".ca", m.CA)
	}
	return m
}

// mirrorURL reads the URL of a registry.
func mirrorURL(to *string) func(*reader, string, *node) {
	return func(r *reader, at string, v *node) {
		*to = ""
		var text string
		if str(&text)(r, at, v); text == "" {
			return
		}
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
			r.problemAt(v.line, v.column, "write it like https://mirror.example.com",
				"the mirror is not an http(s) URL")
		case u.User != nil:
			r.problemAt(v.line, v.column, "hosts ask mirrors without a login", "the URL has a user name or a password")
			r.problems[len(r.problems)-1].Excerpt = ""
		case u.RawQuery != "" || u.Fragment != "":
			r.problemAt(v.line, v.column, "", "the URL of a mirror has neither a query nor a fragment")
		default:
			*to = strings.TrimRight(text, "/")
		}
	}
}

// largestAuthority is more than any file of certificates needs, in bytes.
const largestAuthority = 1 << 20

// authorityIn reads the certificates of an authority.
func authorityIn(r *reader, at, path string) []byte {
	text, err := readRegular(path)
	if block, _ := pem.Decode(text); err == nil && (block == nil || block.Type != "CERTIFICATE") {
		err = errors.New("it has no certificate in PEM")
	}
	if err == nil && bytes.Contains(text, []byte("PRIVATE KEY")) {
		err = errors.New("it has a private key, which no host may get")
	}
	if err != nil {
		r.problem(at, "name the file with the certificate of the mirror's authority", "%s: %v", path, err)
	}
	return text
}

func readRegular(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, errors.Unwrap(err)
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestAuthority))
}

// upstreamPattern is a registry as the names of images have it: a host, and a port if it has one.
var upstreamPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[1-9][0-9]{0,4})?$`)

// checkUpstream reports what no image is named by.
func checkUpstream(r *reader, at, key string) {
	place := r.places[at+"#"]
	switch {
	case key == AnyRegistry:
	case key == "index.docker.io" || key == "registry-1.docker.io" || key == "hub.docker.com":
		r.problemAt(place.line, place.column, didYouMean(DockerHub), "no image is named by %s", key)
	case !upstreamPattern.MatchString(key):
		r.problemAt(place.line, place.column, "write it as images are named: docker.io, registry.example.com:5000",
			"%q is not a registry", key)
	}
}

// checkMirrors completes what follows from the registry of the cluster, and reports mirrors that
// contradict something.
func checkMirrors(r *reader, c *Cluster) {
	for key, mirrors := range c.Registries.Mirrors {
		at := "registries.mirrors[" + key + "]"
		if a := c.AddOns.Registry; a.Enabled && key == a.Endpoint() {
			r.problem(at, "leave it out", "%s is the registry of the cluster itself", key)
		}
		for i := range mirrors {
			m := &mirrors[i]
			m.Own = c.isOfRegistry(m.URL)
			place := fmt.Sprintf("%s[%d]", at, i)
			switch {
			case m.Own && m.CA != "", m.CA != "" && strings.HasPrefix(m.URL, "http:"):
				r.problem(place+".ca", "leave it out", "this mirror needs no authority")
			case slices.ContainsFunc(mirrors[:i], func(other Mirror) bool { return other.URL == m.URL }):
				r.problem(place, "leave it out", "%s is there twice", m.URL)
			}
			if c.Runtime == "docker" || strings.HasPrefix(m.URL, "http:") {
				warnOfMirror(r, place, key, *m)
			}
		}
	}
	own := "arguments[dockerd][registry-mirror]"
	if r.given(own) && len(c.Registries.Mirrors[DockerHub]) > 0 {
		r.problem(own, "leave the argument out", "registries.mirrors says which mirrors docker.io has")
	}
}

// warnOfMirror says what a mirror does not do.
func warnOfMirror(r *reader, at, key string, m Mirror) {
	defer r.as(fault.MirrorLimited)()
	v := r.places[at]
	switch {
	case strings.HasPrefix(m.URL, "http:"):
		r.warnAt(v.line, v.column, "use https", "images from %s come unverified", m.URL)
	case key != DockerHub:
		r.warnAt(v.line, v.column, "pods use it: containerd does", "docker does not ask mirrors of %s", key)
	case !m.IsOfDocker():
		r.warnAt(v.line, v.column, "pods use it: containerd does",
			"docker does not ask %s, which is not for everybody at the root of its host", m.URL)
	}
}

// IsOfDocker reports whether docker can ask a mirror of docker.io: it knows no login for it, and
// adds the path of the API to every URL.
func (m Mirror) IsOfDocker() bool { return !m.Own && !m.HasPath() }

// HasPath reports whether the URL has the path of the API in it, and more behind that, so that it
// is to be taken as it is.
func (m Mirror) HasPath() bool {
	u, err := url.Parse(m.URL)
	return err == nil && strings.HasPrefix(u.Path, "/v2/")
}
