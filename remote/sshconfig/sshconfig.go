// Package sshconfig resolves hosts: it reads ssh_config as OpenSSH does and says how to reach a
// host and to log in to it. Nothing is contacted, and nothing is read but the files that ssh_config
// is made of.
//
// Start at Resolver.Host, which makes an Endpoint. The files as lines are in config.go, what they
// say about one host in lookup.go, tokens and variables in expand.go, jump hosts in jump.go.
package sshconfig

import (
	"cmp"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/inventory"
)

// Environment is what an Endpoint depends on besides the inventory and ssh_config.
type Environment struct {
	home, user, uid, hostname string
	variable                  func(string) string
}

// ThisEnvironment is that of this process.
func ThisEnvironment() Environment {
	e := Environment{uid: strconv.Itoa(os.Getuid()), variable: os.Getenv}
	e.home, _ = os.UserHomeDir()
	e.hostname, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		e.user = loginName(u.Username)
	}
	return e
}

// Read reads the ssh_config that the inventory names: that file alone, none for "none", or the
// user's and the system's for "".
func (e Environment) Read(choice string) (Config, error) { return readConfig(choice, e.home) }

// Resolver makes Endpoints. It looks at nothing but its fields.
type Resolver struct {
	Config Config
	Env    Environment
	Policy string   // for unknown host keys, from the command line; it wins over all but pins
	Ask    bool     // there is a person to ask
	Notes  []string // what the user should know
}

// Host is the Endpoint of a host of the inventory.
func (r *Resolver) Host(h inventory.Host) (*Endpoint, error) {
	e, err := r.endpoint(h.SSH, inventory.SSH{User: "root"}, nil)
	if err != nil {
		return nil, err
	}
	e.Name = h.Name
	return e, nil
}

// endpoint puts together what is given, what ssh_config says, and what else holds. The path are the
// names of those that are reached through it.
func (r *Resolver) endpoint(given, otherwise inventory.SSH, path []string) (*Endpoint, error) {
	l, err := lookUpConfig(r.Config, given.Address, given.User, r.Env.user)
	if err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, l.notes...)
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
	x := expander{r.Env.home, map[byte]string{
		'd': r.Env.home, 'h': host, 'i': r.Env.uid, 'k': cmp.Or(alias, given.Address), 'l': r.Env.hostname,
		'L': strings.SplitN(r.Env.hostname, ".", 2)[0], 'n': given.Address, 'p': strconv.Itoa(port), 'r': e.User,
		'u': r.Env.user,
	}, r.Env.variable}
	if e.Timeout, err = timeoutOf(l); err != nil {
		return nil, err
	}
	if e.Credentials, err = r.credentials(e.User, given, otherwise, l, x); err != nil {
		return nil, err
	}
	if e.Trust, err = r.trust(given, l, x, strings.ToLower(host), port, alias); err != nil {
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
