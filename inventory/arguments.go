package inventory

import (
	"regexp"
	"slices"
	"strings"
)

var flagPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// arguments reads the extra flags of the programs.
func arguments(c *Cluster, programs []Program) decoder {
	read := words(nil, func(r *reader, at, name string, v *node) {
		key := r.places[at+"#"]
		i := slices.IndexFunc(programs, func(p Program) bool { return p.Name == name })
		if i < 0 {
			r.problemAt(key.line, key.column, Suggest(name, programNames(programs)), "unknown component %q", name)
			return
		}
		program := programs[i]
		manual, known := Manual{}, program.Manual != nil && c.Kubernetes != ""
		if known {
			manual, known = program.Manual(c)
		}
		words(nil, func(r *reader, at, name string, v *node) {
			if value, ok := r.argument(at, program, name, v); ok && r.judge(at, program, manual, known, name, v) {
				if c.Arguments[program.Name] == nil {
					c.Arguments[program.Name] = map[string]string{}
				}
				c.Arguments[program.Name][program.canonical(name)] = value
			}
		}).decode(r, at, v)
		// Two spellings of one flag: which of them won would be left to chance.
		spelled := map[string]string{}
		for _, p := range v.pairs {
			name := program.canonical(p.key.text)
			if other, ok := spelled[name]; ok && other != p.key.text {
				r.problemAt(p.key.line, p.key.column, "", "--%s and --%s are the same flag", other, p.key.text)
			}
			spelled[name] = p.key.text
		}
	})
	read.schema = argumentsSchema(programs)
	return read
}

// programNames returns the names of the programs.
func programNames(programs []Program) []string {
	var names []string
	for _, p := range programs {
		names = append(names, p.Name)
	}
	return names
}

// argument reads one flag. Numbers and booleans count as text, exactly as they are written.
func (r *reader) argument(at string, program Program, name string, v *node) (value string, ok bool) {
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

// canonical returns the flag as the program sees it: to those of Kubernetes an underscore is a
// dash.
func (p Program) canonical(name string) string {
	if strings.HasPrefix(p.Name, "kube") {
		return strings.ReplaceAll(name, "_", "-")
	}
	return name
}

// checkArguments checks that the programs with arguments run at all.
func checkArguments(r *reader, c *Cluster) {
	for _, p := range r.rules.Programs {
		if p.Absent == nil || len(c.Arguments[p.Name]) == 0 {
			continue
		}
		if why := p.Absent(c); why != "" {
			r.problem("arguments["+p.Name+"]", "", "%s has arguments, but does not run: %s", p.Name, why)
		}
	}
}
