package draft

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// asYAML is what turns whatever Ansible takes into a text that is understood here.
const asYAML = "have Ansible write down what it knows, and take that: " +
	"ansible-inventory -i INVENTORY --list --yaml > FILE"

// Ansible reads an inventory of Ansible, INI or YAML, or what ansible-inventory --list prints.
// Messages call it name. Its errors are inventory.Problems, all that is wrong at once.
func Ansible(name string, data []byte) (Source, error) {
	r := &ansible{file: name, groups: map[string]*group{}, vars: map[string]variables{}}
	r.group("all")
	switch {
	case len(data) > inventory.MaxBytes:
		r.problem(0, 0, asYAML, "the file is larger than %d KiB", inventory.MaxBytes>>10)
	case bytes.HasPrefix(data, []byte("#!")):
		r.problem(1, 1, asYAML, "the file is a program that makes an inventory")
	case bytes.HasPrefix(data, []byte("$ANSIBLE_VAULT")):
		r.problem(1, 1, asYAML, "the file is a vault")
	case isYAML(name, data):
		r.yaml(data)
	default:
		r.ini(string(data))
	}
	s := Source{Title: "--from ansible"}
	if len(r.problems) == 0 {
		r.source(&s)
	}
	if len(r.problems) > 0 {
		return s, r.problems
	}
	return s, nil
}

// isYAML reports whether a file is YAML, by its name or by its first line that says something: in
// an INI that is a section in brackets or a host.
func isYAML(name string, data []byte) bool {
	for _, end := range []string{".yaml", ".yml", ".json"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line[0] != ';' {
			return line == "---" || line[0] == '{' || strings.HasSuffix(line, ":")
		}
	}
	return false
}

// ansible is an inventory while it is read.
type ansible struct {
	file     string
	groups   map[string]*group
	hosts    []string // in the order of the file
	vars     map[string]variables
	problems inventory.Problems
}

// group is a group of hosts and of other groups.
type group struct {
	name     string
	hosts    []string
	children []string
	vars     variables
}

// variables are those of a host or a group by their names.
type variables map[string]variable

// variable is a value with its place; a list or a mapping has no text.
type variable struct {
	text         string
	tag          string
	line, column int
}

func (r *ansible) problem(line, column int, hint, format string, arguments ...any) {
	r.problems = append(r.problems, inventory.Problem{
		Code: fault.ForeignInventory, File: r.file, Line: line, Column: column, Hint: hint,
		Message: strings.Map(printable, fmt.Sprintf(format, arguments...)),
	})
}

func (r *ansible) group(name string) *group {
	if r.groups[name] == nil {
		r.groups[name] = &group{name: name, vars: variables{}}
	}
	return r.groups[name]
}

// add puts the hosts of a pattern, such as node[1:3], into a group, each with the variables.
func (r *ansible) add(g *group, pattern string, own variables, line, column int) {
	names, err := expandRange(pattern)
	if err != nil {
		r.problem(line, column, "", "%q is no host: %v", pattern, err)
		return
	}
	for _, name := range names {
		if r.vars[name] == nil {
			r.vars[name] = variables{}
			r.hosts = append(r.hosts, name)
		}
		for key, value := range own {
			r.vars[name][key] = value
		}
		if !slices.Contains(g.hosts, name) {
			g.hosts = append(g.hosts, name)
		}
	}
}

// passwords are the variables with secrets. None is read.
var passwords = []string{
	"ansible_password", "ansible_ssh_pass", "ansible_become_password", "ansible_become_pass", "ansible_sudo_pass",
}

// source makes the hosts of what was read.
func (r *ansible) source(s *Source) {
	roles, bastion := r.roles(), r.members("bastion")
	for _, name := range r.hosts {
		if slices.Contains(bastion, name) {
			continue
		}
		if roles != nil && roles[name] == nil {
			s.Remarks = append(s.Remarks, fmt.Sprintf("Left out, because no group of it means a role here: %s.", name))
			continue
		}
		h := r.host(name)
		h.Roles = roles[name]
		if h.SSH.Jump == nil {
			for _, via := range bastion {
				j := r.host(via).SSH
				h.SSH.Jump = append(h.SSH.Jump, inventory.Jump{Address: j.Address, Port: j.Port, User: j.User})
			}
		}
		s.Hosts = append(s.Hosts, h)
	}
	if len(s.Hosts) == 0 && len(r.problems) == 0 {
		r.problem(0, 0, asYAML, "no host is in the file")
	}
}

// host returns a host with the variables that hold for it.
func (r *ansible) host(name string) Host {
	vars := r.holding(name)
	h := Host{Name: name, IsNamed: !isAddress(name)}
	text := func(keys ...string) (string, variable) {
		for _, key := range keys {
			if v, ok := vars[key]; ok {
				return r.text(name, key, v), v
			}
		}
		return "", variable{}
	}
	h.SSH.Address, _ = text("ansible_host", "ansible_ssh_host")
	if h.SSH.Address == "" {
		h.SSH.Address = name
	}
	h.SSH.User, _ = text("ansible_user", "ansible_ssh_user")
	h.SSH.Key, _ = text("ansible_ssh_private_key_file", "ansible_private_key_file")
	if number, v := text("ansible_port", "ansible_ssh_port"); number != "" {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			r.problem(v.line, v.column, "", "the port of %s is %q", name, number)
		}
		h.SSH.Port = int(n)
	}
	if address, v := text("ip", "access_ip"); address != "" {
		var err error
		if h.Address, err = netip.ParseAddr(address); err != nil || !h.Address.Is4() {
			r.problem(v.line, v.column, "", "the address of %s is %q, and no IPv4 address", name, address)
		}
	}
	if how, v := text("ansible_connection"); how != "" && how != "ssh" && how != "paramiko" && how != "smart" {
		r.problem(v.line, v.column, "take the host out of a copy of the file", "%s is not reached by SSH but by %q",
			name, how)
	}
	for _, key := range []string{"ansible_ssh_common_args", "ansible_ssh_extra_args"} {
		if arguments, v := text(key); arguments != "" {
			h.SSH.Jump = append(h.SSH.Jump, r.jumps(name, arguments, v)...)
			if h.SSH.Jump == nil && strings.Contains(arguments, "ProxyCommand") {
				h.Remarks = append(h.Remarks, "Ansible reaches it by a ProxyCommand, which is not supported: "+
					"write the jump host as ssh.jump.")
			}
		}
	}
	if slices.ContainsFunc(passwords, func(key string) bool { _, ok := vars[key]; return ok }) {
		h.Remarks = append(h.Remarks, "Ansible has a password for it, which is not taken over: "+
			"see passwordFile and sudoPasswordFile.")
	}
	return h
}

// text is the value of a variable that matters here; it must be there as it is.
func (r *ansible) text(host, key string, v variable) string {
	switch {
	case v.tag != "" && v.tag != "!unsafe":
		r.problem(v.line, v.column, asYAML, "%s of %s is encrypted or made by Ansible: %s", key, host, v.tag)
	case strings.Contains(v.text, "{{") || strings.Contains(v.text, "{%"):
		r.problem(v.line, v.column, asYAML+"; replace a template that is left in it by its value",
			"%s of %s is a template", key, host)
	default:
		return v.text
	}
	return ""
}

// jumps returns the jump hosts among arguments of ssh: -J, or ProxyJump.
func (r *ansible) jumps(name, arguments string, v variable) []inventory.Jump {
	words := strings.Fields(strings.NewReplacer(`"`, " ", "'", " ", "=", " ").Replace(arguments))
	for i, word := range words {
		if (word == "-J" || strings.TrimPrefix(word, "-o") == "ProxyJump") && i+1 < len(words) {
			var jumps []inventory.Jump
			for one := range strings.SplitSeq(words[i+1], ",") {
				j, err := inventory.ParseJump(one)
				if err != nil {
					r.problem(v.line, v.column, "", "the jump host of %s: %v", name, err)
				}
				jumps = append(jumps, j)
			}
			return jumps
		}
	}
	return nil
}
