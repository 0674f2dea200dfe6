package remote

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

// read reads the ssh_config that the inventory names: that file alone, none for "none", or the user's and the system's
// for "".
func (e environment) read(choice string) (config, error) { return readConfig(choice, e.home) }

// resolver makes Endpoints. It looks at nothing but its fields.
type resolver struct {
	config config
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
