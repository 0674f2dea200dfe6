package draft

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"kbootstrap/inventory"
)

// Text returns the draft as an inventory with the comments of `kbootstrap init`. It is meant for
// the directory, which decides what relative paths are. The policy for host keys, which may be
// empty, is written down as it is.
func (d Draft) Text(dir, policy string) string {
	common := d.common()
	var login lines
	login.ssh("  ", common, dir)
	if d.source.Alone {
		login.add(`  config: none # the ssh_config of the user says nothing of these hosts`)
	}
	if d.source.OwnHostKeys {
		login.add("  knownHosts: known_hosts")
	}
	switch policy {
	case "":
	case "accept-new":
		login.add("  hostKeyPolicy: accept-new # the first key that a host shows is recorded, and must stay")
	default:
		login.add("  hostKeyPolicy: " + policy)
	}
	var hosts lines
	for _, r := range d.source.Remarks {
		hosts.comment("  ", r)
	}
	for i, e := range d.entries {
		if i > 0 {
			hosts.add("")
		}
		hosts.entry(e, common, dir, i == 0)
	}
	title := "The inventory of a kbootstrap cluster, made by `kbootstrap init " + d.source.Title + "`."
	return inventory.TemplateWith(title, login.text(), hosts.text())
}

// common are the settings that all hosts have.
func (d Draft) common() inventory.SSH {
	if len(d.entries) == 0 {
		return inventory.SSH{}
	}
	c := d.entries[0].ssh
	c.Address, c.Port = "", 0
	for _, e := range d.entries {
		if e.ssh.User != c.User {
			c.User = ""
		}
		if e.ssh.Key != c.Key {
			c.Key = ""
		}
		if way(e.ssh.Jump) != way(c.Jump) {
			c.Jump = nil
		}
	}
	return c
}

// entry writes a host. The first one has the comments that hold for all.
func (l *lines) entry(e entry, common inventory.SSH, dir string, first bool) {
	l.add("  - name: " + scalar(e.name))
	for _, r := range e.remarks {
		l.comment("    ", r)
	}
	if first {
		l.comment("    ", "The address on the network between the hosts, which is often not the one that SSH uses.")
	}
	for _, o := range e.open {
		l.comment("    ", "TODO: "+o)
	}
	switch {
	case !e.address.IsValid():
		l.add("    # address:")
	case e.why != "":
		l.add("    address: " + e.address.String() + " # " + e.why)
	default:
		l.add("    address: " + e.address.String())
	}
	if first {
		l.comment("    ", "At least one control plane; an odd number of etcd members: 1, or 3, which survive the loss "+
			"of one.")
	}
	texts := make([]string, len(e.roles))
	for i, r := range e.roles {
		texts[i] = string(r)
	}
	l.add("    roles: [" + strings.Join(texts, ", ") + "]")
	own := e.ssh
	if own.User == common.User {
		own.User = ""
	}
	if own.Key == common.Key {
		own.Key = ""
	}
	if way(own.Jump) == way(common.Jump) {
		own.Jump = nil
	}
	if e.address.IsValid() && own.Address == e.address.String() {
		own.Address = ""
	}
	var ssh lines
	ssh.ssh("      ", own, dir)
	if ssh.all != nil {
		l.add("    ssh:")
		l.all = append(l.all, ssh.all...)
	}
	if first {
		l.add("    # labels:", "    #   disk: ssd", "    # taints:", "    #   - dedicated=db:NoSchedule")
	}
}

// ssh writes how to log in, as far as it is said.
func (l *lines) ssh(indent string, s inventory.SSH, dir string) {
	if s.Address != "" {
		l.add(indent + "address: " + scalar(s.Address))
	}
	if s.Port != 0 {
		l.add(indent + "port: " + strconv.Itoa(s.Port))
	}
	if s.User != "" {
		l.add(indent + "user: " + scalar(s.User))
	}
	if s.Key != "" {
		l.add(indent + "key: " + scalar(relative(dir, s.Key)))
	}
	if s.Jump != nil {
		l.add(indent + "jump: " + scalar(way(s.Jump)))
	}
}

// way writes jump hosts as ssh's -J takes them.
func way(jumps []inventory.Jump) string {
	var all []string
	for _, j := range jumps {
		text := j.Address
		if j.User != "" {
			text = j.User + "@" + text
		}
		if j.Port != 0 {
			text += ":" + strconv.Itoa(j.Port)
		}
		all = append(all, text)
	}
	return strings.Join(all, ",")
}

// relative shortens a path below a directory; others stay as they are.
func relative(dir, path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	short, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(short, "..") {
		return path
	}
	return short
}

// lines are the lines of a part of the inventory.
type lines struct{ all []string }

func (l *lines) add(more ...string) { l.all = append(l.all, more...) }

func (l *lines) text() string {
	if l.all == nil {
		return ""
	}
	return strings.Join(l.all, "\n") + "\n"
}

// commentWidth is how long the lines of a comment are at most.
const commentWidth = 118

// comment writes a sentence as comments. What others wrote gets into it, so it is kept to lines of
// its own, without control characters.
func (l *lines) comment(indent, sentence string) {
	line := indent + "#"
	for _, word := range strings.Fields(strings.Map(printable, sentence)) {
		if len(line)+1+len(word) > commentWidth && line != indent+"#" {
			l.add(line)
			line = indent + "#"
		}
		line += " " + word
	}
	l.add(line)
}

func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		return ' '
	}
	return r
}

// plain are the texts that YAML reads as they are: they begin with a letter, and have nothing in
// them that could mean something. Words such as yes and null are quoted with all the others.
var (
	plain = regexp.MustCompile(`^[A-Za-z/.~][A-Za-z0-9_./@:+-]*$`)
	words = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|~|\.inf|\.nan)$`)
	digit = regexp.MustCompile(`^[0-9]+(\.[0-9]+){3}$`)
)

// scalar writes a text as YAML.
func scalar(text string) string {
	if digit.MatchString(text) ||
		plain.MatchString(text) && !words.MatchString(text) && !strings.HasSuffix(text, ":") {
		return text
	}
	return fmt.Sprintf("%q", text)
}
