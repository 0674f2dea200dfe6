package inventory

import (
	"net/netip"
	"regexp"
	"strings"
)

// RFC 1123, section 2.1, in lower case as Kubernetes wants it.
var (
	labelPattern     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	subdomainPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	userPattern      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$`)
)

const (
	maxLabel     = 63
	maxSubdomain = 253
	// maxNode is the length of a label's value: the kubelet puts the name of its node into the
	// label kubernetes.io/hostname.
	maxNode = 63
)

// nameProblem says what is wrong with an RFC 1123 label, and what would be right.
func nameProblem(s string) (problem, hint string) {
	switch {
	case len(s) > maxLabel:
		return "is longer than 63 characters", ""
	case labelPattern.MatchString(s):
		return "", ""
	}
	if better, _, _ := strings.Cut(spelled(s), "."); labelPattern.MatchString(better) {
		hint = didYouMean(better)
	}
	return "is not a valid name: it may have only lower-case letters and digits, with dashes between them", hint
}

// nodeProblem is nameProblem for the name of a node, which is an RFC 1123 subdomain.
func nodeProblem(s string) (problem, hint string) {
	switch {
	case len(s) > maxNode:
		return "is longer than 63 characters, which the label kubernetes.io/hostname of the node cannot be", ""
	case isIP(s):
		return "is an address", "give the host a name; its address goes in address"
	case subdomainPattern.MatchString(s):
		return "", ""
	}
	if better := spelled(s); subdomainPattern.MatchString(better) {
		hint = didYouMean(better)
	}
	return "is not a valid name: it may have only lower-case letters and digits, " +
		"with dashes or dots between them", hint
}

// spelled is a name with the characters that were probably meant.
func spelled(s string) string {
	return strings.Trim(strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s)), "-.")
}

// checkNames checks the names of the cluster, its domain and its hosts.
func checkNames(r *reader, c *Cluster) {
	if c.Name != "" {
		if problem, hint := nameProblem(c.Name); problem != "" {
			r.problem("cluster", hint, "%q %s", c.Name, problem)
		}
	}
	if d := c.Network.Domain; d != "" && (len(d) > maxSubdomain || !subdomainPattern.MatchString(d)) {
		r.problem("network.domain", "", "%q is not a DNS domain in lower case", d)
	}
	first := map[string]Host{}
	for i, h := range c.Hosts {
		at := index("hosts", i) + ".name"
		if h.Name == "" {
			continue
		}
		if problem, hint := nodeProblem(h.Name); problem != "" {
			r.problem(at, hint, "%q %s", h.Name, problem)
		} else if h.Name == "localhost" {
			r.problem(at, "", "a host cannot be called localhost: every host calls itself that")
		}
		if before, ok := first[h.Name]; ok {
			r.problem(at, "", "two hosts are called %q; the other is on line %d", h.Name, before.Line)
			continue
		}
		first[h.Name] = h
	}
}

// checkSSH checks how the hosts are reached.
func checkSSH(r *reader, c *Cluster) {
	type endpoint struct {
		address string
		port    int
	}
	first := map[endpoint]Host{}
	for i, h := range c.Hosts {
		at := index("hosts", i) + ".ssh"
		if a := h.SSH.Address; a != "" && !validHost(a) {
			r.problem(at+".address", "the port goes in ssh.port, the user in ssh.user",
				"%q is neither a host name nor an address", a)
			continue
		}
		user := at + ".user"
		if !r.given(user) {
			user = "ssh.user"
		}
		if u := h.SSH.User; u != "" && !userPattern.MatchString(u) {
			r.problem(user, "", "%q is not a user name", u)
		}
		e := endpoint{strings.ToLower(h.SSH.Address), h.SSH.port()}
		if unread := h.SSH.Port == 0 && (r.given(at+".port") || r.given("ssh.port")); e.address == "" || unread {
			continue
		}
		if before, ok := first[e]; ok {
			// Two hosts with one cluster address, which SSH uses too, are one mistake;
			// checkAddresses reports it.
			if before.Address != h.Address || h.SSH.Address != h.Address.String() {
				r.problem(at, "each host needs its own ssh.address or ssh.port",
					"host %q on line %d has the same SSH endpoint, %s port %d",
					before.Name, before.Line, h.SSH.Address, e.port)
			}
			continue
		}
		first[e] = h
	}
}

// sshAddress reads a name or an address for SSH. An IPv6 address may be in brackets, as it has to
// be where a port follows.
func sshAddress(to *string) decoder {
	text := str(to)
	return decoder{text.schema, func(r *reader, at string, v *node) {
		text.decode(r, at, v)
		bare, opens := strings.CutPrefix(*to, "[")
		if bare, closes := strings.CutSuffix(bare, "]"); opens && closes && isIP(bare) {
			*to = bare
		}
	}}
}

// port is the port of sshd, unless ssh_config says otherwise.
func (s SSH) port() int {
	if s.Port == 0 {
		return 22
	}
	return s.Port
}

// validHost reports whether SSH can dial the name or address.
func validHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return len(s) <= maxSubdomain && subdomainPattern.MatchString(strings.ReplaceAll(strings.ToLower(s), "_", "-"))
}
