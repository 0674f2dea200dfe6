package sshconfig

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/remote/hostkey"
)

// trust is where the host's key is looked up, and what happens when it is not found.
func (r *Resolver) trust(given inventory.SSH, l *lookup, x expander, host string, port int,
	alias string) (hostkey.Trust, error) {
	t := hostkey.Trust{Pin: given.HostKey, Principal: host,
		Names: []string{hostkey.NameOf(net.JoinHostPort(host, strconv.Itoa(port)))}}
	if port != 22 {
		t.Names = append(t.Names, host) // ssh looks there too, but only for a key that is right
	}
	if alias != "" {
		t.Names, t.Principal = []string{strings.ToLower(alias)}, strings.ToLower(alias)
	}
	if d, ok := l.first["revokedhostkeys"]; ok && d.args[0] != "none" {
		return t, &fault.Error{Code: fault.ConfigInvalid,
			Err:    fmt.Errorf("%s:%d: RevokedHostKeys is not supported", d.file, d.line),
			Advice: "put its keys into known_hosts, each on a line of its own: @revoked * ssh-ed25519 AAAA…"}
	}
	var err error
	if t.Hash, err = yes(l, "hashknownhosts"); err != nil {
		return t, err
	}
	if t.Policy, err = r.policyOf(given, l); err != nil {
		return t, err
	}
	home := filepath.Join(r.Env.home, ".ssh")
	own := []string{filepath.Join(home, "known_hosts"), filepath.Join(home, "known_hosts2")}
	if given.KnownHosts != "" {
		own = []string{given.KnownHosts}
	} else if d, ok := l.first["userknownhostsfile"]; ok {
		named, err := x.files(d)
		if err != nil {
			return t, err
		}
		if slices.Contains(named, os.DevNull) {
			r.Notes = append(r.Notes, fmt.Sprintf("%s:%d: host keys are always checked, so %s is used instead of %s",
				d.file, d.line, own[0], os.DevNull))
		} else {
			own = named
		}
	}
	system := []string{hostkey.SystemFile, hostkey.SystemFile + "2"}
	if d, ok := l.first["globalknownhostsfile"]; ok {
		if system, err = x.files(d); err != nil {
			return t, err
		}
	}
	if len(own) > 0 {
		t.Record = own[0]
	}
	t.Files = append(own, system...)
	return t, nil
}

// policyOf is what happens to unknown keys. No setting turns the check off.
func (r *Resolver) policyOf(given inventory.SSH, l *lookup) (string, error) {
	policy := cmp.Or(r.Policy, given.HostKeyPolicy)
	if d, ok := l.first["stricthostkeychecking"]; ok {
		said, note := strings.ToLower(d.args[0]), ""
		switch said {
		case "yes", "true":
			said = "strict"
		case "ask", "accept-new":
		case "no", "off", "false":
			said = "accept-new"
			note = fmt.Sprintf("%s:%d: host keys are always checked, so StrictHostKeyChecking "+
				"%s is taken as accept-new",
				d.file, d.line, d.args[0])
		default:
			return "", d.errorf("StrictHostKeyChecking is yes, ask, accept-new or no, not %q", d.args[0])
		}
		if policy == "" {
			policy = said
			if note != "" {
				r.Notes = append(r.Notes, note)
			}
		}
	}
	switch policy = cmp.Or(policy, "ask"); {
	case !slices.Contains([]string{"strict", "ask", "accept-new"}, policy):
		return "", &fault.Error{Code: fault.HostKeyUnknown,
			Err:    fmt.Errorf("no such policy for host keys: %q", policy),
			Advice: `use "strict", "ask" or "accept-new"`}
	case policy == "ask" && !r.Ask:
		return "strict", nil
	}
	return policy, nil
}
