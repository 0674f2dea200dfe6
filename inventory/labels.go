package inventory

import (
	"regexp"
	"slices"
	"strings"
)

// The syntax of label keys and values:
// kubernetes.io/docs/concepts/overview/working-with-objects/labels. Taints have the same.
var qualifiedPattern = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)

// controlPlaneKey is the label and the taint that the tool itself puts on control planes.
const controlPlaneKey = "node-role.kubernetes.io/control-plane"

// keyProblem says what is wrong with the key of a label or taint.
func keyProblem(key string) string {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, name = "", key
	}
	switch {
	case prefixed && (len(prefix) > maxSubdomain || !subdomainPattern.MatchString(prefix)):
		return "the part before the slash must be a DNS domain in lower case"
	case name == "":
		return "it has no name"
	case len(name) > maxLabel:
		return "the name is longer than 63 characters"
	case !qualifiedPattern.MatchString(name):
		return "it may have only letters and digits, with - _ . between them"
	}
	return ""
}

// valueProblem says what is wrong with the value of a label or taint.
func valueProblem(value string) string {
	switch {
	case value == "":
		return ""
	case len(value) > maxLabel:
		return "it is longer than 63 characters"
	case !qualifiedPattern.MatchString(value):
		return "it may have only letters and digits, with - _ . between them"
	}
	return ""
}

// labels reads the labels of a host.
func labels(to *map[string]string) decoder {
	// The kubelet sets these at each of its starts; another value would never last.
	kubelets := []string{"kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"}
	return words(schema{"type": "string"}, func(r *reader, at, key string, v *node) {
		k := r.places[at+"#"]
		if problem := keyProblem(key); problem != "" {
			r.problemAt(k.line, k.column, "", "%q cannot be a label: %s", key, problem)
			return
		}
		switch {
		case key == controlPlaneKey:
			r.problemAt(k.line, k.column, "leave it out", "the label %s comes with the role control-plane", key)
			return
		case slices.Contains(kubelets, key):
			r.problemAt(k.line, k.column, "leave it out", "the label %s is the kubelet's own", key)
			return
		}
		value := v.text
		if v.kind != text || value != "" {
			var s string
			if v.kind == null {
				r.wrong(v, "text", `write "" for a label without a value`)
			} else {
				str(&s).decode(r, at, v)
			}
			if s == "" {
				return
			}
			value = s
		}
		if problem := valueProblem(value); problem != "" {
			r.problemAt(v.line, v.column, "", "%q cannot be the value of a label: %s", value, problem)
			return
		}
		if *to == nil {
			*to = map[string]string{}
		}
		(*to)[key] = value
	})
}

// taints reads the taints of a host.
func taints(to *[]Taint) decoder {
	effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	return each(decoder{textLike(`^[^:]+:[A-Za-z]+$`), func(r *reader, at string, v *node) {
		var s string
		if str(&s).decode(r, at, v); s == "" {
			return
		}
		i := strings.LastIndex(s, ":")
		if i < 0 {
			r.problemAt(v.line, v.column, "write key=value:Effect or key:Effect; effects: "+strings.Join(effects, ", "),
				"the taint %q has no effect", s)
			return
		}
		key, value, _ := strings.Cut(s[:i], "=")
		t := Taint{Key: key, Value: value, Effect: s[i+1:]}
		same := func(o Taint) bool { return o.Key == t.Key && o.Effect == t.Effect }
		switch {
		case keyProblem(key) != "":
			r.problemAt(v.line, v.column, "", "%q cannot be the key of a taint: %s", key, keyProblem(key))
		case valueProblem(value) != "":
			r.problemAt(v.line, v.column, "", "%q cannot be the value of a taint: %s", value, valueProblem(value))
		case !slices.Contains(effects, t.Effect):
			r.problemAt(v.line, v.column, Suggest(t.Effect, effects), "unknown effect %q", t.Effect)
		case key == controlPlaneKey:
			r.problemAt(v.line, v.column, "leave it out; control planes without the role worker get it",
				"the taint %s is the tool's own", key)
		case slices.ContainsFunc(*to, same):
			r.problemAt(v.line, v.column, "a node has one taint for each key and effect",
				"the taint %s:%s is given twice",
				t.Key, t.Effect)
		default:
			*to = append(*to, t)
		}
	}})
}
