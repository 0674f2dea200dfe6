package sshconfig

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// via is the last jump host on the way, with those before it.
func (r *Resolver) via(given inventory.SSH, l *lookup, path []string) (*Endpoint, error) {
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
			Err: fmt.Errorf("%s:%d: ProxyCommand is not supported", d.file, d.line),
			Advice: "name the jump host instead: ProxyJump there, or ssh.jump in the inventory " +
				"(ssh.jump: none connects directly)"}
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
	own := slices.IndexFunc(jumps, func(j inventory.Jump) bool { return spot(j.Address, j.Port) == here })
	if own >= 0 {
		jumps = jumps[:own]
	}
	return r.hops(jumps, "", given, inventory.SSH{User: r.Env.user}, path)
}

// spot is an address and a port as they were written: what ssh_config is asked about.
func spot(address string, port int) string {
	if port == 0 {
		return address
	}
	return net.JoinHostPort(address, strconv.Itoa(port))
}

// hops chains jump hosts. The way to the first is that of ssh_config for it; the others are reached
// through the one before.
func (r *Resolver) hops(jumps []inventory.Jump, knownHosts string, behind, otherwise inventory.SSH,
	path []string) (*Endpoint, error) {
	var last *Endpoint
	for i, j := range jumps {
		if here := spot(j.Address, j.Port); last == nil && slices.Contains(path, here) {
			return nil, fault.ConfigInvalid.Errorf("the jump hosts form a circle: %s, %s",
				strings.Join(path, ", "), here)
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
		hop.IsJump = true
		if i > 0 {
			hop.Via = last
		}
		last = hop
	}
	return last, nil
}
