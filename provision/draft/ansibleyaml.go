package draft

import (
	"errors"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// yaml reads an inventory in the form of YAML, and the JSON of ansible-inventory --list, where
// hosts and children are lists of names and the variables of hosts stand together.
func (r *ansible) yaml(data []byte) {
	root, err := inventory.ReadYAML(r.file, data, fault.ForeignInventory)
	var problems inventory.Problems
	if errors.As(err, &problems) {
		r.problems = append(r.problems, problems...)
		return
	}
	switch {
	case root == nil || root.IsNull:
		r.problem(0, 0, asYAML, "the file is empty")
		return
	case root.Child("plugin") != nil:
		r.problem(root.Child("plugin").Line, root.Child("plugin").Column, asYAML,
			"the file is for a plug-in that asks elsewhere for the hosts")
		return
	case root.Pairs == nil:
		r.problem(root.Line, root.Column, asYAML,
			"the file is no inventory: it does not begin with the names of groups")
		return
	}
	for _, p := range root.Pairs {
		if p.Key.Text != "_meta" {
			r.yamlGroup(p.Key.Text, p.Value, 0)
		}
	}
	if hosts := root.Child("_meta").Child("hostvars"); hosts != nil {
		for _, p := range hosts.Pairs {
			// ungrouped hosts stand in a list of their own
			r.add(r.group("all"), p.Key.Text, yamlVariables(p.Value), p.Key.Line, p.Key.Column)
		}
	}
}

// maxGroups is how deep groups may lie in each other.
const maxGroups = 30

func (r *ansible) yamlGroup(name string, v *inventory.Value, depth int) {
	if depth > maxGroups {
		r.problem(v.Line, v.Column, "", "groups lie more than %d deep in each other", maxGroups)
		return
	}
	g := r.group(name)
	for _, item := range v.Items { // a group of names alone
		r.add(g, item.Text, nil, item.Line, item.Column)
	}
	if v.Text != "" {
		r.problem(v.Line, v.Column, asYAML, "the group %q is neither a mapping nor empty", name)
	}
	for _, p := range v.Pairs {
		switch p.Key.Text {
		case "hosts":
			for _, h := range p.Value.Pairs {
				r.add(g, h.Key.Text, yamlVariables(h.Value), h.Key.Line, h.Key.Column)
			}
			for _, item := range p.Value.Items {
				r.add(g, item.Text, nil, item.Line, item.Column)
			}
		case "children":
			for _, child := range p.Value.Pairs {
				g.children = append(g.children, child.Key.Text)
				r.yamlGroup(child.Key.Text, child.Value, depth+1)
			}
			for _, item := range p.Value.Items {
				r.group(item.Text)
				g.children = append(g.children, item.Text)
			}
		case "vars":
			for key, value := range yamlVariables(p.Value) {
				g.vars[key] = value
			}
		default:
			r.problem(p.Key.Line, p.Key.Column, asYAML, "%q in the group %q: a group has hosts, children and vars",
				p.Key.Text, name)
		}
	}
}

// yamlVariables returns the scalars among variables: nothing else matters here.
func yamlVariables(v *inventory.Value) variables {
	vars := variables{}
	for _, p := range v.Pairs {
		if p.Value.Items == nil && p.Value.Pairs == nil && !p.Value.IsNull {
			vars[p.Key.Text] = variable{p.Value.Text, p.Value.Tag, p.Value.Line, p.Value.Column}
		}
	}
	return vars
}
