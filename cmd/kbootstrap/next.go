package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// printNext says what to do next with the inventory of a directory. It only looks at files of this
// machine.
func printNext(w io.Writer, path string) {
	// An inventory of another name has to be named again.
	with := func(verb string) string {
		if path == "hosts.yaml" {
			return "kbootstrap " + verb
		}
		return "kbootstrap " + verb + " -i " + path
	}
	step := func(command, what string) { fmt.Fprintf(w, "  %-36s  %s\n", command, what) }
	c, err := inventory.Load(path, component.Rules())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(w, "There is no inventory %s here. Next:\n\n", path)
		write := "kbootstrap init"
		if path != "hosts.yaml" {
			write += " -o " + path
		}
		step(write, "write one with comments, to be edited")
		step("kbootstrap COMMAND -i FILE", "use another")
	case err != nil:
		fmt.Fprintf(w, "The inventory %s has mistakes. Next:\n\n", path)
		step(with("validate"), "show each with its line")
	case !isThere(c, "admin.kubeconfig") && !isThere(c, "pki/"+certs.SealedName):
		fmt.Fprintf(w, "%s describes the cluster %s, which was not made from here yet. Next:\n\n", path, c.Name)
		step(with("preflight"), "see whether the hosts are fit for it")
		step(with("plan"), "see what would be done")
		step(with("up"), "make the cluster; may be repeated")
	default:
		fmt.Fprintf(w, "%s describes the cluster %s, which was made from here. Next:\n\n", path, c.Name)
		step(with("status"), "see how it is")
		step(with("addons"), "see what it serves, and how to reach it")
		step(with("kubeconfig --merge"), "use it with kubectl")
		step(with("up"), "bring it to what the inventory says")
	}
	fmt.Fprintf(w, "\n  %-36s  %s\n", "kbootstrap --help", "list all commands")
}

// isThere reports whether the state directory of a cluster has a file.
func isThere(c *inventory.Cluster, name string) bool {
	_, err := os.Stat(filepath.Join(c.StateDir(), name))
	return err == nil
}
