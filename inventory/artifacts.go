package inventory

import (
	"net/url"
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
