package inventory

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"kbootstrap/fault"
)

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
