//go:build e2e && hosts

package e2e

import (
	"path/filepath"
	"time"
)

// debian unpacks packages of Debian on this machine and returns the directory. They are not
// installed: the hosts of the lab reach no mirror, and have no place for all that packages depend
// on.
func (l *lab) debian(packages ...string) (tree string) {
	l.t.Helper()
	work := l.t.TempDir()
	tree = filepath.Join(work, "tree")
	download := append([]string{"-c", `cd "$0" && exec apt-get download "$@"`, work}, packages...)
	if r := l.runs(5*time.Minute, "sh", download...); r.code != 0 {
		l.fatalf("download %q: exit %d\n%s", packages, r.code, r.stderr)
	}
	files, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(files) != len(packages) {
		l.fatalf("downloaded are %q: %v", files, err)
	}
	for _, f := range files {
		if r := l.runs(time.Minute, "dpkg-deb", "--extract", f, tree); r.code != 0 {
			l.fatalf("%s: %s", f, r.stderr)
		}
	}
	return tree
}
