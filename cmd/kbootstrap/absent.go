package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"kbootstrap/inventory"
)

// warnOfAbsent names the files of an inventory that are not on this machine. That is no mistake: it
// may be checked where no key is, or before the hosts are made.
func warnOfAbsent(w io.Writer, c *inventory.Cluster) {
	type named struct{ field, path string }
	hosts := map[named][]string{}
	var all []named
	name := func(host, field, path string) {
		if path == "" {
			return
		}
		n := named{field, path}
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
		if host != "" {
			hosts[n] = append(hosts[n], host)
		}
	}
	for _, mirror := range append([]string{c.Artifacts.Mirror}, c.Artifacts.Others...) {
		if !strings.Contains(mirror, "://") {
			name("", "artifacts.mirror", mirror)
		}
	}
	for _, h := range c.Hosts {
		name(h.Name, "ssh.key", h.SSH.Key)
		name(h.Name, "ssh.passwordFile", h.SSH.PasswordFile)
		name(h.Name, "ssh.sudoPasswordFile", h.SSH.SudoPasswordFile)
		if h.SSH.Config != "none" {
			name(h.Name, "ssh.config", h.SSH.Config)
		}
		for _, j := range h.SSH.Jump {
			name(h.Name, "ssh.jump key", j.Key)
		}
	}
	for _, n := range all {
		if _, err := os.Stat(n.path); errors.Is(err, fs.ErrNotExist) {
			of := ""
			if len(hosts[n]) > 0 {
				of = " of " + strings.Join(hosts[n], ", ")
			}
			fmt.Fprintf(w, "warning: %s: %s%s is not on this machine: %s\n", c.File, n.field, of, n.path)
		}
	}
}
