package inventory

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
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
		read: words(orNothing("array", schema{"items": mirrorSchema()}), func(r *reader, at, key string, v *node) {
			each(decoder{decode: func(r *reader, at string, v *node) {
				if m := mirrorOf(r, at, v); m.URL != "" {
					if s.Mirrors == nil {
						s.Mirrors = map[string][]Mirror{}
					}
					s.Mirrors[key] = append(s.Mirrors[key], m)
				}
			}}).decode(r, at, v)
			checkUpstream(r, at, key)
		}),
	}}
}

// mirrorFields returns the fields of a mirror that is a mapping.
func mirrorFields(m *Mirror) []field {
	return []field{{name: "url", required: true, read: mirrorURL(&m.URL)}, {name: "ca", read: file(&m.CA)}}
}

// mirrorSchema is that of one of a list.
func mirrorSchema() schema {
	var m Mirror
	return schema{"anyOf": []schema{mirrorURL(&m.URL).schema, objectOf(mirrorFields(&m))}}
}

// mirrorOf reads one of a list.
func mirrorOf(r *reader, at string, v *node) Mirror {
	var m Mirror
	if v.kind == mapping {
		r.mapping(at, v, mirrorFields(&m))
	} else {
		mirrorURL(&m.URL).decode(r, at, v)
	}
	if m.CA != "" {
		m.Authority = authorityIn(r, at+".ca", m.CA)
	}
	return m
}

// mirrorURL reads the URL of a registry.
func mirrorURL(to *string) decoder {
	return decoder{textLike(`^https?://`), func(r *reader, at string, v *node) {
		*to = ""
		var text string
		if str(&text).decode(r, at, v); text == "" {
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
	}}
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
		err = errors.New("it has a private key")
	}
	if err != nil {
		r.problem(at, "name the file with the certificate of the server's authority", "%s: %v", path, err)
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
