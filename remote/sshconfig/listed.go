package sshconfig

import (
	"slices"
	"strings"

	"kbootstrap/inventory"
)

// Listed returns the hosts that an ssh_config names after Host, in the order of the file, with all
// that it says of how to reach each and to log in to it. It is for a file that stands for itself,
// as `vagrant ssh-config` prints one: nothing else is read. Patterns name no host.
func Listed(file string, text []byte) ([]inventory.Host, error) {
	lines, err := parseConfig(file, text)
	if err != nil {
		return nil, err
	}
	r := &Resolver{Config: lines, Env: ThisEnvironment()}
	var hosts []inventory.Host
	for _, d := range lines {
		if d.keyword == "include" || d.keyword == "match" {
			return nil, d.errorf("%s is not followed here: name the hosts in the file itself", d.keyword)
		}
		if d.keyword != "host" {
			continue
		}
		for _, name := range d.args {
			known := slices.ContainsFunc(hosts, func(h inventory.Host) bool { return h.Name == name })
			if known || strings.ContainsAny(name, "*?!") {
				continue
			}
			h, err := r.listed(d, name)
			if err != nil {
				return nil, err
			}
			hosts = append(hosts, h)
		}
	}
	return hosts, nil
}

// listed returns the host of one name.
func (r *Resolver) listed(d directive, name string) (inventory.Host, error) {
	h := inventory.Host{Name: name, Line: d.line}
	l, err := lookUpConfig(r.Config, name, "", r.Env.user)
	if err != nil {
		return h, err
	}
	h.SSH.Address, h.SSH.User = name, l.value("user")
	if address := l.value("hostname"); address != "" {
		h.SSH.Address = strings.ReplaceAll(address, "%h", name)
	}
	if l.value("port") != "" {
		if h.SSH.Port, err = portOf(inventory.SSH{}, l); err != nil {
			return h, err
		}
	}
	for _, key := range l.keys {
		if h.SSH.Key == "" && key.args[0] != "none" {
			h.SSH.Key = key.args[0]
		}
	}
	proxy, ok := l.first["proxy"]
	switch {
	case !ok || proxy.args[0] == "none":
	case proxy.keyword == "proxycommand":
		return h, proxy.errorf("ProxyCommand is not supported: name the jump host with ProxyJump")
	default:
		for one := range strings.SplitSeq(proxy.args[0], ",") {
			j, err := inventory.ParseJump(strings.TrimSpace(one))
			if err != nil {
				return h, proxy.errorf("ProxyJump %s: %w", one, err)
			}
			h.SSH.Jump = append(h.SSH.Jump, j)
		}
	}
	return h, nil
}
