package remote

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Endpoint is how to reach one host and to log in to it, with nothing left open: what the inventory says, then what
// ssh_config says, then the defaults.
type Endpoint struct {
	Name    string // in messages: that of the host in the inventory, or the address of a jump host as it was written
	Address string // host:port, in lower case
	User    string // to log in as
	Sudo    bool   // become root with sudo
	// SudoPasswordFile is the path of a file with the password that sudo wants; empty means to ask when it wants one.
	SudoPasswordFile string
	Timeout          time.Duration // ConnectTimeout of ssh_config, or 0. It is over when the host has shown its key
	Via              *Endpoint     // the jump host before it, or nil

	credentials credentials
	trust       trust
}

// limit is how long connecting and the exchange of keys may take.
func (e *Endpoint) limit(o Options) time.Duration { return cmp.Or(e.Timeout, o.Timeout) }

// trust is what decides whether a host's key is the right one.
type trust struct {
	names     []string // of the host in known_hosts. A key is recorded under the first
	principal string   // whom a host certificate must name
	files     []string // known_hosts files
	record    string   // the one of them that gets new keys, or empty
	hash      bool     // hash the names in it
	policy    string   // "strict", "ask" or "accept-new"
	pin       string   // the only right key: "SHA256:…" or "ssh-ed25519 AAAA…"
}

// environment is what an Endpoint depends on besides the inventory and ssh_config.
type environment struct {
	home, user, uid, hostname string
	variable                  func(string) string
}

// thisEnvironment is that of this process.
func thisEnvironment() environment {
	e := environment{uid: strconv.Itoa(os.Getuid()), variable: os.Getenv}
	e.home, _ = os.UserHomeDir()
	e.hostname, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		e.user = u.Username
	}
	return e
}

// resolver makes Endpoints. It looks at nothing but its fields.
type resolver struct {
	config []directive
	env    environment
	policy string   // for unknown host keys, from the command line; it wins over all but pins
	ask    bool     // there is a person to ask
	notes  []string // what the user should know
}

// host is the Endpoint of a host of the inventory.
func (r *resolver) host(h inventory.Host) (*Endpoint, error) {
	e, err := r.endpoint(h.SSH, inventory.SSH{User: "root"}, nil)
	if err != nil {
		return nil, err
	}
	e.Name = h.Name
	return e, nil
}

// endpoint puts together what is given, what ssh_config says, and what else holds. The path are the names of those that are
// reached through it.
func (r *resolver) endpoint(given, otherwise inventory.SSH, path []string) (*Endpoint, error) {
	l, err := lookUpConfig(r.config, given.Address, given.User, r.env.user)
	if err != nil {
		return nil, err
	}
	r.notes = append(r.notes, l.notes...)
	host := given.Address
	if d, ok := l.first["hostname"]; ok {
		if host, err = expand(d, d.args[0], map[byte]string{'h': given.Address}); err != nil {
			return nil, err
		}
	}
	port, err := portOf(given, l)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{
		Name:    given.Address,
		Address: net.JoinHostPort(strings.ToLower(host), strconv.Itoa(port)),
		User:    cmp.Or(given.User, l.value("user"), otherwise.User),

		SudoPasswordFile: given.SudoPasswordFile,
	}
	if e.Sudo = e.User != "root"; given.Sudo != nil {
		e.Sudo = *given.Sudo
	}
	alias := l.value("hostkeyalias")
	x := expander{r.env.home, map[byte]string{
		'd': r.env.home, 'h': host, 'i': r.env.uid, 'k': cmp.Or(alias, given.Address), 'l': r.env.hostname,
		'L': strings.SplitN(r.env.hostname, ".", 2)[0], 'n': given.Address, 'p': strconv.Itoa(port), 'r': e.User,
		'u': r.env.user,
	}, r.env.variable}
	if e.Timeout, err = timeoutOf(l); err != nil {
		return nil, err
	}
	if e.credentials, err = r.credentials(e.User, given, otherwise, l, x); err != nil {
		return nil, err
	}
	if e.trust, err = r.trust(given, l, x, strings.ToLower(host), port, alias); err != nil {
		return nil, err
	}
	if e.Via, err = r.via(given, l, append(slices.Clip(path), spot(given.Address, given.Port))); err != nil {
		return nil, err
	}
	return e, nil
}

func portOf(given inventory.SSH, l *lookup) (int, error) {
	d, ok := l.first["port"]
	if !ok {
		return cmp.Or(given.Port, 22), nil
	}
	n, err := strconv.ParseUint(d.args[0], 10, 16)
	if err != nil || n == 0 {
		return 0, d.errorf("%q is not a port", d.args[0])
	}
	return cmp.Or(given.Port, int(n)), nil
}

func timeoutOf(l *lookup) (time.Duration, error) {
	d, ok := l.first["connecttimeout"]
	if !ok || d.args[0] == "none" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(d.args[0], 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	t, err := time.ParseDuration(d.args[0])
	if err != nil || t < 0 {
		return 0, d.errorf("%q is not a time", d.args[0])
	}
	return t, nil
}

// yes reads a keyword that is yes or no.
func yes(l *lookup, keyword string) (bool, error) {
	d, ok := l.first[keyword]
	if !ok {
		return false, nil
	}
	switch strings.ToLower(d.args[0]) {
	case "yes", "true":
		return true, nil
	case "no", "false":
		return false, nil
	}
	return false, d.errorf("%q is neither yes nor no", d.args[0])
}

// credentials are the key of the inventory; or the files of ssh_config, or those that ssh tries, none of which must be there.
func (r *resolver) credentials(user string, given, otherwise inventory.SSH, l *lookup,
	x expander) (credentials, error) {
	c := credentials{user: user, key: given.Key, password: given.PasswordFile}
	var err error
	if c.only, err = yes(l, "identitiesonly"); err != nil {
		return c, err
	}
	if c.key == "" && len(l.keys) == 0 {
		c.key = otherwise.Key
	}
	switch {
	case c.key != "":
	case len(l.keys) > 0:
		for _, d := range l.keys {
			path, err := x.path(d, d.args[0])
			if err != nil {
				return c, err
			}
			if d.args[0] != "none" {
				c.identities = append(c.identities, path)
			}
		}
	default:
		for _, name := range defaultKeys {
			c.identities = append(c.identities, filepath.Join(r.env.home, name))
		}
	}
	if !given.Agent {
		return c, nil
	}
	variable := "SSH_AUTH_SOCK"
	if d, ok := l.first["identityagent"]; ok {
		switch name, isVariable := strings.CutPrefix(d.args[0], "$"); {
		case d.args[0] == "none":
			return c, nil
		case d.args[0] == variable:
		case isVariable && !strings.HasPrefix(name, "{"):
			variable = name
		default:
			c.agent, err = x.path(d, d.args[0])
			return c, err
		}
	}
	if c.agent = r.env.variable(variable); c.agent == "" {
		c.missing = variable + " is not set"
	}
	return c, nil
}

// trust is where the host's key is looked up, and what happens when it is not found.
func (r *resolver) trust(given inventory.SSH, l *lookup, x expander, host string, port int,
	alias string) (trust, error) {
	t := trust{pin: given.HostKey, principal: host, names: []string{knownName(net.JoinHostPort(host, strconv.Itoa(port)))}}
	if port != 22 {
		t.names = append(t.names, host) // ssh looks there too, but only for a key that is right
	}
	if alias != "" {
		t.names, t.principal = []string{strings.ToLower(alias)}, strings.ToLower(alias)
	}
	if d, ok := l.first["revokedhostkeys"]; ok && d.args[0] != "none" {
		return t, &fault.Error{Code: fault.ConfigInvalid,
			Err:    fmt.Errorf("%s:%d: RevokedHostKeys is not supported", d.file, d.line),
			Advice: "put its keys into known_hosts, each on a line of its own: @revoked * ssh-ed25519 AAAA…"}
	}
	var err error
	if t.hash, err = yes(l, "hashknownhosts"); err != nil {
		return t, err
	}
	if t.policy, err = r.policyOf(given, l); err != nil {
		return t, err
	}
	home := filepath.Join(r.env.home, ".ssh")
	own := []string{filepath.Join(home, "known_hosts"), filepath.Join(home, "known_hosts2")}
	if given.KnownHosts != "" {
		own = []string{given.KnownHosts}
	} else if d, ok := l.first["userknownhostsfile"]; ok {
		named, err := x.files(d)
		if err != nil {
			return t, err
		}
		if slices.Contains(named, os.DevNull) {
			r.notes = append(r.notes, fmt.Sprintf("%s:%d: host keys are always checked, so %s is used instead of %s",
				d.file, d.line, own[0], os.DevNull))
		} else {
			own = named
		}
	}
	system := []string{systemKnownHosts, systemKnownHosts + "2"}
	if d, ok := l.first["globalknownhostsfile"]; ok {
		if system, err = x.files(d); err != nil {
			return t, err
		}
	}
	if len(own) > 0 {
		t.record = own[0]
	}
	t.files = append(own, system...)
	return t, nil
}

// policyOf is what happens to unknown keys. No setting turns the check off.
func (r *resolver) policyOf(given inventory.SSH, l *lookup) (string, error) {
	policy := cmp.Or(r.policy, given.HostKeyPolicy)
	if d, ok := l.first["stricthostkeychecking"]; ok {
		said, note := strings.ToLower(d.args[0]), ""
		switch said {
		case "yes", "true":
			said = "strict"
		case "ask", "accept-new":
		case "no", "off", "false":
			said = "accept-new"
			note = fmt.Sprintf("%s:%d: host keys are always checked, so StrictHostKeyChecking %s is taken as accept-new",
				d.file, d.line, d.args[0])
		default:
			return "", d.errorf("StrictHostKeyChecking is yes, ask, accept-new or no, not %q", d.args[0])
		}
		if policy == "" {
			policy = said
			if note != "" {
				r.notes = append(r.notes, note)
			}
		}
	}
	switch policy = cmp.Or(policy, "ask"); {
	case !slices.Contains([]string{"strict", "ask", "accept-new"}, policy):
		return "", &fault.Error{Code: fault.HostKeyUnknown,
			Err:    fmt.Errorf("no such policy for host keys: %q", policy),
			Advice: `use "strict", "ask" or "accept-new"`}
	case policy == "ask" && !r.ask:
		return "strict", nil
	}
	return policy, nil
}

// via is the last jump host on the way, with those before it.
func (r *resolver) via(given inventory.SSH, l *lookup, path []string) (*Endpoint, error) {
	if given.Jump != nil {
		otherwise := inventory.SSH{User: cmp.Or(given.User, l.value("user"), "root"), Key: given.Key}
		return r.hops(given.Jump, given.KnownHosts, given, otherwise, path)
	}
	d, ok := l.first["proxy"]
	if !ok || d.args[0] == "none" {
		return nil, nil
	}
	if d.keyword == "proxycommand" {
		return nil, &fault.Error{Code: fault.ConfigInvalid,
			Err:    fmt.Errorf("%s:%d: ProxyCommand is not supported", d.file, d.line),
			Advice: "name the jump host instead: ProxyJump there, or ssh.jump in the inventory (ssh.jump: none connects directly)"}
	}
	var jumps []inventory.Jump
	for text := range strings.SplitSeq(d.args[0], ",") {
		j, err := inventory.ParseJump(strings.TrimSpace(text))
		if err != nil {
			return nil, d.errorf("ProxyJump %s: %w", text, err)
		}
		jumps = append(jumps, j)
	}
	// "Host *" holds for the jump hosts too. One of them is reached through those before it.
	here := spot(given.Address, given.Port)
	if own := slices.IndexFunc(jumps, func(j inventory.Jump) bool { return spot(j.Address, j.Port) == here }); own >= 0 {
		jumps = jumps[:own]
	}
	return r.hops(jumps, "", given, inventory.SSH{User: r.env.user}, path)
}

// spot is an address and a port as they were written: what ssh_config is asked about.
func spot(address string, port int) string {
	if port == 0 {
		return address
	}
	return net.JoinHostPort(address, strconv.Itoa(port))
}

// hops chains jump hosts. The way to the first is that of ssh_config for it; the others are reached through the one before.
func (r *resolver) hops(jumps []inventory.Jump, knownHosts string, behind, otherwise inventory.SSH,
	path []string) (*Endpoint, error) {
	var last *Endpoint
	for i, j := range jumps {
		if here := spot(j.Address, j.Port); last == nil && slices.Contains(path, here) {
			return nil, fault.ConfigInvalid.Errorf("the jump hosts form a circle: %s, %s", strings.Join(path, ", "), here)
		}
		given := inventory.SSH{Address: j.Address, Port: j.Port, User: j.User, Key: j.Key, HostKey: j.HostKey,
			Agent: behind.Agent, KnownHosts: knownHosts, HostKeyPolicy: behind.HostKeyPolicy}
		if i > 0 {
			given.Jump = []inventory.Jump{}
		}
		hop, err := r.endpoint(given, otherwise, path)
		if err != nil {
			return nil, fmt.Errorf("jump host %s: %w", j.Address, err)
		}
		if i > 0 {
			hop.Via = last
		}
		last = hop
	}
	return last, nil
}
