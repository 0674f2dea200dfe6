package inventory

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// file reads the name of a file.
func file(to *string) decoder {
	return decoder{someText(), func(r *reader, at string, v *node) {
		if str(to).decode(r, at, v); *to != "" {
			*to = r.path(at, *to)
		}
	}}
}

// fileOr reads the name of a file, or a word that is none.
func fileOr(word string, to *string) decoder {
	return decoder{someText(), func(r *reader, at string, v *node) {
		if str(to).decode(r, at, v); *to != "" && *to != word {
			*to = r.path(at, *to)
		}
	}}
}

// mirror reads a directory or an http(s) URL.
func mirror(to *string) decoder {
	return decoder{someText(), func(r *reader, at string, v *node) {
		if str(to).decode(r, at, v); *to == "" {
			return
		}
		scheme, _, isURL := strings.Cut(*to, "://")
		if !isURL {
			*to = r.path(at, *to)
			return
		}
		u, err := url.Parse(*to)
		switch {
		case scheme != "http" && scheme != "https":
			r.problemAt(v.line, v.column, "use http, https or a directory",
				"a mirror cannot have the scheme %q", scheme)
		case err != nil || u.Hostname() == "":
			r.problemAt(v.line, v.column, "", "the mirror is not a valid URL")
		case u.User != nil:
			r.problemAt(v.line, v.column, "URLs appear in messages and logs",
				"the URL contains a user name or a password")
			// Not even here.
			r.problems[len(r.problems)-1].Excerpt = ""
		case u.RawQuery != "" || u.Fragment != "":
			r.problemAt(v.line, v.column, "", "the URL of a mirror has neither a query nor a fragment")
		default:
			*to = strings.TrimRight(*to, "/")
			return
		}
		*to = ""
	}}
}

// mirrors reads a mirror, or a list of them.
func mirrors(to *Artifacts) decoder {
	var one string
	item := mirror(&one)
	return decoder{oneOrMore(item.schema), func(r *reader, at string, v *node) {
		var all []string
		eachOrOne(r, at, v, func(at string, v *node) {
			if item.decode(r, at, v); one == "" {
				return
			}
			if slices.Contains(all, one) {
				r.problemAt(v.line, v.column, "leave one of them out", "the mirror %s is listed twice", one)
			}
			all = append(all, one)
		})
		if len(all) > 0 {
			to.Mirror, to.Others = all[0], all[1:]
		}
	}}
}

// hostPattern is the form of the name of a server, perhaps with a port.
var hostPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)

// upstreams reads the URLs that stand in the place of hosts.
func upstreams(to *Artifacts) decoder {
	var one string
	item := mirrorURL(&one)
	return words(oneOrMore(item.schema), func(r *reader, at, host string, v *node) {
		if !hostPattern.MatchString(host) {
			key := r.places[at+"#"]
			r.problemAt(key.line, key.column, "write the host of an upstream URL, such as dl.k8s.io",
				"%q is not the name of a host", host)
			return
		}
		eachOrOne(r, at, v, func(at string, v *node) {
			if item.decode(r, at, v); one == "" {
				return
			}
			if to.Upstreams == nil {
				to.Upstreams = map[string][]string{}
			}
			to.Upstreams[host] = append(to.Upstreams[host], one)
		})
	})
}

// oneOrMore is the schema of a value, or of a list of such.
func oneOrMore(of schema) schema {
	return schema{"anyOf": []schema{of, {"type": "array", "items": of, "minItems": 1}}}
}

// eachOrOne reads a value, or each of a list.
func eachOrOne(r *reader, at string, v *node, read func(at string, v *node)) {
	if v.kind != list {
		read(at, v)
		return
	}
	if len(v.items) == 0 {
		r.problemAt(v.line, v.column, "leave the line out to get the default", "the list is empty")
	}
	for i, item := range v.items {
		r.places[index(at, i)] = item
		read(index(at, i), item)
	}
}
