package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"kbootstrap/provision"
)

// renderingTitle is the first line of the README of a rendering, by which a directory of the tool
// is told from another.
const renderingTitle = "# What the hosts of a kbootstrap cluster would get"

// readme is what stands at the top of a rendering.
func readme(r provision.Rendering) string {
	a := r.Assumed
	return fmt.Sprintf(`%s

Made by "kbootstrap render" %s of the cluster %s, Kubernetes %s. Whatever is changed here by hand is lost with the next rendering.

No host was asked. Assumed are new machines with %s on %s, systemd %d, cgroup v%d, and the name
servers in %s. The cluster is new, and all of its hosts are there.

"<not written, ...>" stands in the place of a key, a certificate or a password. Sums of files with such words in them are
those of the words. hosts/NAME/resources.txt lists, by component and in the order in which they are made, all that a host
gets; hosts/NAME/root has the files of which not only the sum is known; cluster has the objects of the API.
`, renderingTitle, version, r.Cluster.Name, r.Cluster.Kubernetes, a.OS.Name, a.Arch, a.Systemd, a.Cgroup, a.Resolv)
}

// mayReplace returns why a rendering cannot be written into a directory, or nil if it can.
func mayReplace(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, "README.md"))
	if err == nil {
		defer f.Close()
		lines := bufio.NewScanner(f)
		if lines.Scan() && lines.Text() == renderingTitle {
			return nil
		}
	}
	return foreignDir(dir)
}

// foreignDir is the error for a directory that has something else in it.
type foreignDir string

func (e foreignDir) Error() string { return string(e) + " is not empty, and no rendering" }

// Hint says what to do about it.
func (e foreignDir) Hint() string { return "name a directory that does not exist, or is empty" }

// writeRendering replaces what a directory has of an earlier rendering. The README comes first: a
// rendering that was cut off can be replaced, too.
func writeRendering(dir, readme string, files []provision.RenderedFile) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // no path of an inventory leads out of it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.WriteFile("README.md", []byte(readme), 0o644); err != nil {
		return err
	}
	for _, old := range []string{"hosts", "cluster"} {
		if err := root.RemoveAll(old); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(f.Path, f.Content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
