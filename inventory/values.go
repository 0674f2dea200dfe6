package inventory

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The functions of this file make the read of a field out of a pointer to what it fills in. A value
// that cannot be read leaves the zero value there, which the checks pass over: one mistake is one
// problem.

// str reads text.
func str(to *string) decoder {
	return decoder{someText(), func(r *reader, _ string, v *node) {
		*to = ""
		switch {
		case v.kind == integer || v.kind == float || v.kind == boolean:
			r.wrong(v, "text", "put it in quotes: "+strconv.Quote(v.text))
		case v.kind != text:
			r.wrong(v, "text", "")
		case v.text == "":
			r.problemAt(v.line, v.column, "leave the line out to get the default", "the value is empty")
		case hasControl(v.text):
			r.problemAt(v.line, v.column, "", "%q has a control character", v.text)
		default:
			*to = v.text
		}
	}}
}

// oneOf reads one of a few words.
func oneOf(to *string, words ...string) decoder {
	return decoder{schema{"enum": words}, func(r *reader, at string, v *node) {
		str(to).decode(r, at, v)
		for _, w := range words {
			if *to == w {
				return
			}
		}
		if *to != "" {
			r.problemAt(v.line, v.column, Suggest(*to, words), "%q is not a value of %s", *to, lastOf(at))
			*to = ""
		}
	}}
}

// flag reads a boolean.
func flag(to *bool) decoder {
	return decoder{schema{"type": "boolean"}, func(r *reader, _ string, v *node) {
		if v.kind != boolean {
			r.wrong(v, "true or false", "write true or false, without quotes")
			return
		}
		*to = strings.EqualFold(v.text, "true")
	}}
}

// number reads a whole number in decimal digits.
func number(to *int, least, most int) decoder {
	return decoder{numberFrom(least, most), func(r *reader, at string, v *node) {
		n, err := strconv.Atoi(v.text)
		switch {
		case v.kind != integer:
			r.wrong(v, "a whole number", "")
		case err != nil || n < least || n > most || v.text != strconv.Itoa(n):
			r.problemAt(v.line, v.column, "", "%s of %s is not a number from %d to %d", v.text, lastOf(at), least, most)
		default:
			*to = n
		}
	}}
}

// flagOr reads a boolean of which it matters whether it is set.
func flagOr(to **bool) decoder {
	return decoder{schema{"type": "boolean"}, func(r *reader, at string, v *node) {
		var set bool
		if flag(&set).decode(r, at, v); v.kind == boolean {
			*to = &set
		}
	}}
}

// port reads a port number.
func port(to *int) decoder {
	return decoder{numberFrom(1, 65535), func(r *reader, at string, v *node) {
		*to = 0
		if v.kind != integer {
			hint := ""
			if _, ok := parsePort(v.text); ok {
				hint = "write it without quotes"
			}
			r.wrong(v, "a port number", hint)
			return
		}
		n, ok := parsePort(v.text)
		if !ok {
			r.problemAt(v.line, v.column, "", "%s is not a port: ports are 1 to 65535", v.text)
			return
		}
		*to = n
	}}
}

// parsePort reads a port in decimal digits. YAML's other ways to write a number (0x50, 0o120,
// 1_000, and 0120, which means 80 to some readers) are mistakes here.
func parsePort(s string) (int, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return int(n), err == nil
}

// portRange reads "first-last".
func portRange(to *PortRange) decoder {
	return decoder{textLike(`^[1-9][0-9]*-[1-9][0-9]*$`), func(r *reader, _ string, v *node) {
		*to = PortRange{}
		if v.kind != text {
			r.wrong(v, `a range of ports such as "30000-32767"`,
				"write the first and the last port with a dash between them")
			return
		}
		a, b, dash := strings.Cut(v.text, "-")
		first, ok1 := parsePort(a)
		last, ok2 := parsePort(b)
		switch {
		case !dash || !ok1 || !ok2:
			r.problemAt(v.line, v.column, `write it as "30000-32767"; ports are 1 to 65535`,
				"%q is not a range of ports",
				v.text)
		case first > last:
			r.problemAt(v.line, v.column, "did you mean "+b+"-"+a+"?", "the range %s ends before it begins", v.text)
		default:
			*to = PortRange{first, last}
		}
	}}
}

// A family is one of the two kinds of addresses, for the fields that take one of them.
type family struct {
	name, other string
	is          func(netip.Addr) bool
	address     string // a pattern
	network     string // an example
	// elsewhere is where an address of the other family goes.
	elsewhere string
}

var (
	ipv4 = family{"IPv4", "IPv6", netip.Addr.Is4, `[0-9]+([.][0-9]+){3}`, "10.244.0.0/16",
		"addresses and networks of IPv6 come next to those of IPv4: in ipv6 of the host, and in network.ipv6"}
	ipv6 = family{"IPv6", "IPv4", isPlain6, `[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*`, "fd00:10:244::/56", ""}
)

// isPlain6 reports whether an address is one of IPv6, and no other way to write one of IPv4.
func isPlain6(a netip.Addr) bool { return a.Is6() && !a.Is4In6() && a.Zone() == "" }

// prefix reads a network of a family.
func prefix(to *netip.Prefix, of family) decoder {
	return decoder{textLike(`^` + of.address + `/[0-9]+$`), func(r *reader, at string, v *node) {
		*to = netip.Prefix{}
		var s string
		if str(&s).decode(r, at, v); s == "" {
			return
		}
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
			r.problemAt(v.line, v.column, fmt.Sprintf("write the network and the length of its prefix, such as %q",
				of.network), "%q is not a CIDR", s)
		case !of.is(p.Addr()):
			r.problemAt(v.line, v.column, of.elsewhere, "%s is an %s network; this field takes one of %s", s, of.other,
				of.name)
		case p != p.Masked():
			r.problemAt(v.line, v.column, "did you mean "+p.Masked().String()+"?",
				"%s is an address within its network, not the network", s)
		default:
			*to = p
		}
	}}
}

// address reads an address of a family.
func address(to *netip.Addr, of family) decoder {
	return decoder{textLike(`^` + of.address + `$`), func(r *reader, at string, v *node) {
		*to = netip.Addr{}
		var s string
		if str(&s).decode(r, at, v); s == "" {
			return
		}
		a, err := netip.ParseAddr(s)
		bare, _, slash := strings.Cut(s, "/")
		switch {
		case err != nil && slash && isIP(bare):
			r.problemAt(v.line, v.column, "write "+bare, "%q is not an IP address but a network", s)
		case err != nil && isNumeric(s):
			r.problemAt(v.line, v.column,
				"write four numbers from 0 to 255 without leading zeros, such as 192.168.56.11",
				"%q is not an IP address", s)
		case err != nil:
			r.problemAt(v.line, v.column,
				"names go in ssh.address; this is the host's own address in the cluster's network",
				"%q is not an IP address", s)
		case !of.is(a):
			r.problemAt(v.line, v.column, of.elsewhere, "%s is an %s address; this field takes one of %s", s, of.other,
				of.name)
		default:
			*to = a
		}
	}}
}

// isNumeric reports whether the text has nothing but digits and dots.
func isNumeric(s string) bool { return strings.Trim(s, "0123456789.") == "" }

// isIP reports whether the text is an IP address.
func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// each reads a list.
func each(item decoder) decoder {
	return decoder{orNothing("array", schema{"items": item.schema}), func(r *reader, at string, v *node) {
		if v.kind != list && v.kind != null {
			r.wrong(v, "a list", `write "- " before each item, or [a, b]`)
			return
		}
		for i, it := range v.items {
			at := at + "[" + strconv.Itoa(i) + "]"
			r.places[at] = it
			item.decode(r, at, it)
		}
	}}
}

// words reads a mapping with keys that are not known beforehand, whose values are of one schema;
// value reads and stores each.
func words(of schema, value func(r *reader, at, key string, v *node)) decoder {
	return decoder{orNothing("object", schema{"additionalProperties": of}), func(r *reader, at string, v *node) {
		if v.kind != mapping && v.kind != null {
			r.wrong(v, "a mapping", "")
			return
		}
		for _, p := range r.unique(v) {
			// Brackets, because keys have dots in them.
			at := at + "[" + p.key.text + "]"
			r.places[at], r.places[at+"#"] = p.value, p.key
			value(r, at, p.key.text, p.value)
		}
	}}
}

// lastOf returns the last name of a path, for messages.
func lastOf(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// hasControl reports whether the text has a control character. None of the values may: they end up
// in unit files and command lines.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
}
