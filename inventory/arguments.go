package inventory

import (
	"regexp"
	"slices"
	"strings"
)

// componentNames are the programs that arguments can be given to, in the order of their start.
var componentNames = []string{"etcd", "dockerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "flanneld"}

var flagPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// arguments reads the extra flags of the components.
func arguments(c *Cluster) func(*reader, string, *node) {
	return words(func(r *reader, at, component string, v *node) {
		key := r.places[at+"#"]
		if !slices.Contains(componentNames, component) {
			r.problemAt(key.line, key.column, Suggest(component, componentNames), "unknown component %q", component)
			return
		}
		words(func(r *reader, at, name string, v *node) {
			if value, ok := r.argument(at, component, name, v); ok {
				if c.Arguments[component] == nil {
					c.Arguments[component] = map[string]string{}
				}
				c.Arguments[component][name] = value
			}
		})(r, at, v)
		// Two spellings of one flag: which of them won would be left to chance.
		spelled := map[string]string{}
		for _, p := range v.pairs {
			name := canonical(component, p.key.text)
			if other, ok := spelled[name]; ok && other != p.key.text {
				r.problemAt(p.key.line, p.key.column, "", "--%s and --%s are the same flag", other, p.key.text)
			}
			spelled[name] = p.key.text
		}
	})
}

// argument reads one flag. Numbers and booleans count as text, exactly as they are written.
func (r *reader) argument(at, component, name string, v *node) (value string, ok bool) {
	key := r.places[at+"#"]
	bare := strings.TrimLeft(name, "-")
	switch {
	case bare != name && bare != "":
		r.problemAt(key.line, key.column, "write "+bare, "the flag %q has its leading dashes", name)
		return "", false
	case !flagPattern.MatchString(name):
		r.problemAt(key.line, key.column, "", "%q is not the name of a flag", name)
		return "", false
	}
	if hint, owned := ownedFlags[component][canonical(component, name)]; owned {
		r.problemAt(key.line, key.column, hint, "--%s of %s follows from the rest of the inventory", name, component)
		return "", false
	}
	switch {
	case v.kind == list || v.kind == mapping:
		r.wrong(v, "one value", "join several with commas, as on the command line")
		return "", false
	case v.kind == null:
		r.wrong(v, "a value", `write "" for an empty one, true for a flag that takes none`)
		return "", false
	case hasControl(v.text):
		r.problemAt(v.line, v.column, "a value is one line", "%q has a control character", v.text)
		return "", false
	}
	return v.text, true
}

// canonical returns the flag as Kubernetes' components see it: to them an underscore is a dash.
func canonical(component, name string) string {
	if strings.HasPrefix(component, "kube") {
		return strings.ReplaceAll(name, "_", "-")
	}
	return name
}

// checkArguments checks that the components with arguments run at all.
func (r *reader) checkArguments(c *Cluster) {
	if c.Runtime == "containerd" && len(c.Arguments["dockerd"]) > 0 {
		r.problem("arguments[dockerd]", "", "dockerd has arguments, but does not run: runtime is containerd")
	}
}
