package inventory

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	kubernetesPattern = regexp.MustCompile(`^v?1\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$`)
	componentPattern  = regexp.MustCompile(`^v?([0-9]+(\.[0-9]+){1,3}(-[0-9A-Za-z.-]+)?)$`)
)

// versionFields returns the fields of versions, one for each component that an inventory may pin.
func versionFields(components []string) []field {
	var fields []field
	for _, name := range components {
		fields = append(fields, field{
			name: name, shape: "version", fallback: "by the version of Kubernetes",
			doc:  "the version of " + name + ", such as `1.2.3`.",
			read: decoder{schema: versionLike(componentPattern)},
		})
	}
	return fields
}

// written reads a version as it is written: YAML takes 1.10 for the number 1.1.
func written(r *reader, v *node) string {
	if v.kind == integer || v.kind == float {
		return v.text
	}
	var s string
	str(&s).decode(r, "", v)
	return s
}

// kubernetesVersion reads the version of Kubernetes, with or without its v.
func kubernetesVersion(to *string, oldest, newest int) decoder {
	return decoder{versionLike(kubernetesPattern), func(r *reader, _ string, v *node) {
		s := written(r, v)
		if s == "" {
			return
		}
		supported := fmt.Sprintf("supported: v1.%d to v1.%d", oldest, newest)
		m := kubernetesPattern.FindStringSubmatch(s)
		if m == nil {
			r.problemAt(v.line, v.column, "write all three numbers, such as v1.36.3; "+supported,
				"%q is not a version of Kubernetes", s)
			return
		}
		minor, _ := strconv.Atoi(m[1]) // at most four digits: the pattern says so
		if minor > newest {
			r.problemAt(v.line, v.column, supported+"; a newer kbootstrap may support more",
				"Kubernetes 1.%s is newer than what this kbootstrap supports", m[1])
			return
		}
		if minor < oldest {
			r.problemAt(v.line, v.column, supported, "Kubernetes 1.%s is not supported", m[1])
			return
		}
		*to = "v" + strings.TrimPrefix(s, "v")
	}}
}

// componentVersions reads versions.
func componentVersions(c *Cluster, components []string) decoder {
	return decoder{objectOf(versionFields(components)), func(r *reader, at string, v *node) {
		var fields []field
		for _, f := range versionFields(components) {
			f.read.decode = func(r *reader, _ string, v *node) {
				s := written(r, v)
				if s == "" {
					return
				}
				m := componentPattern.FindStringSubmatch(s)
				if m == nil {
					r.problemAt(v.line, v.column, "write numbers with dots between them, such as 1.2.3",
						"%q is not a version", s)
					return
				}
				c.Versions[f.name] = m[1]
			}
			fields = append(fields, f)
		}
		r.mapping(at, v, fields)
	}}
}
