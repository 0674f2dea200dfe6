package inventory

import (
	"fmt"
	"net"
	"strings"
)

// Jump is a jump host on the way to a host. What it does not say is that of ssh_config for its
// address, and otherwise that of the host behind it.
type Jump struct {
	Address string // a name of ssh_config, a DNS name or an address
	Port    int    // 0 when not given
	User    string // empty when not given
	Key     string // path of a private key; empty when not given
	HostKey string // pins its key: "SHA256:…" or "ssh-ed25519 AAAA…"
}

// ParseJump reads one jump host as ssh's -J takes it: [user@]host[:port], with brackets around an
// IPv6 address that has a port, or the same as a URI with the scheme ssh.
func ParseJump(s string) (Jump, error) {
	rest := strings.TrimSuffix(strings.TrimPrefix(s, "ssh://"), "/")
	var j Jump
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		if j.User, rest = rest[:at], rest[at+1:]; !userPattern.MatchString(j.User) {
			return Jump{}, fmt.Errorf("%q is not a user name", j.User)
		}
	}
	j.Address = rest
	if host, number, err := net.SplitHostPort(rest); err == nil {
		var ok bool
		if j.Port, ok = parsePort(number); !ok {
			return Jump{}, fmt.Errorf("%q is not a port", number)
		}
		j.Address = host
	} else if bare, ok := strings.CutPrefix(rest, "["); ok {
		j.Address = strings.TrimSuffix(bare, "]")
	}
	if !validHost(j.Address) {
		return Jump{}, fmt.Errorf("%q is neither a host name nor an address", j.Address)
	}
	return j, nil
}

// jumps reads the way to a host: text, a mapping, a list of both, or "none".
func jumps(to *[]Jump) decoder {
	return decoder{jumpsSchema(), func(r *reader, at string, v *node) {
		*to = []Jump{} // never into the list that hosts share
		if v.kind == list {
			one := func(r *reader, at string, v *node) { *to = append(*to, jump(r, at, v)) }
			each(decoder{decode: one}).decode(r, at, v)
			return
		}
		if v.kind == mapping {
			*to = []Jump{jump(r, at, v)}
			return
		}
		var text string
		if str(&text).decode(r, at, v); text == "none" || text == "" {
			return
		}
		for one := range strings.SplitSeq(text, ",") {
			*to = append(*to, parsedJump(r, v, strings.TrimSpace(one)))
		}
	}}
}

// jumpFields returns the fields of a jump host that is a mapping.
func jumpFields(j *Jump) []field {
	return []field{
		{name: "address", required: true, read: sshAddress(&j.Address)},
		{name: "port", read: port(&j.Port)},
		{name: "user", read: str(&j.User)},
		{name: "key", read: file(&j.Key)},
		{name: "hostKey", read: hostKey(&j.HostKey)},
	}
}

// jumpsSchema is that of the way to a host.
func jumpsSchema() schema {
	fields := objectOf(jumpFields(&Jump{}))
	one := schema{"anyOf": []schema{someText(), fields}}
	return schema{"anyOf": []schema{someText(), fields, {"type": "array", "items": one}}}
}

// jump reads one jump host.
func jump(r *reader, at string, v *node) Jump {
	var j Jump
	if v.kind == mapping {
		r.mapping(at, v, jumpFields(&j))
		if j.Address != "" && !validHost(j.Address) {
			r.problem(at+".address", "the port goes in port, the user in user",
				"%q is neither a host name nor an address",
				j.Address)
		}
		if j.User != "" && !userPattern.MatchString(j.User) {
			r.problem(at+".user", "", "%q is not a user name", j.User)
		}
		return j
	}
	var text string
	if str(&text).decode(r, at, v); text == "" {
		return j
	}
	return parsedJump(r, v, text)
}

func parsedJump(r *reader, v *node, text string) Jump {
	j, err := ParseJump(text)
	if err != nil {
		r.problemAt(v.line, v.column, `write it as "user@host:port"; the user and the port may be left out`,
			"%q is not a jump host: %v", text, err)
	}
	return j
}
