package components

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// debianPackages unpacks programs of Debian packages, without installing the packages. It serves
// what is not written in Go: tini and busybox.
type debianPackages struct {
	Packages map[string]string // package name to upstream version: "tini": "0.19.0"
	Take     map[string]string // program name to its path in the packages: "docker-init": "usr/bin/tini-static"
}

func (d debianPackages) tools() []string { return []string{"apt-get", "dpkg-deb"} }

func (d debianPackages) collect(ctx context.Context, work, dir string) error {
	argv := append([]string{"apt-get", "download"}, slices.Sorted(maps.Keys(d.Packages))...)
	if _, err := run(ctx, command{dir: work, argv: argv}); err != nil {
		return err
	}
	return d.unpack(ctx, work, dir)
}

// unpack takes the programs out of the package files in work.
func (d debianPackages) unpack(ctx context.Context, work, dir string) error {
	tree := filepath.Join(work, "tree")
	for _, name := range slices.Sorted(maps.Keys(d.Packages)) {
		found, err := filepath.Glob(filepath.Join(work, name+"_*.deb"))
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("%d package files of %s, not one", len(found), name)
		}
		version, err := run(ctx, command{argv: []string{"dpkg-deb", "--field", found[0], "Version"}})
		if err != nil {
			return err
		}
		if got := upstreamVersion(strings.TrimSpace(version)); got != d.Packages[name] {
			return fmt.Errorf("the distribution has %s %s, not %s", name, got, d.Packages[name])
		}
		if _, err := run(ctx, command{argv: []string{"dpkg-deb", "--extract", found[0], tree}}); err != nil {
			return err
		}
	}
	for program, path := range d.Take {
		if err := os.Rename(filepath.Join(tree, path), filepath.Join(dir, program)); err != nil {
			return err
		}
	}
	return nil
}

// upstreamVersion strips what Debian adds to a version: "1:20.10.24+dfsg1-1+deb12u1" is upstream's
// 20.10.24 (deb-version(7): [epoch:]upstream[-revision]; "+dfsg" marks removed files).
func upstreamVersion(debian string) string {
	if _, rest, ok := strings.Cut(debian, ":"); ok {
		debian = rest
	}
	if i := strings.LastIndex(debian, "-"); i >= 0 {
		debian = debian[:i]
	}
	upstream, _, _ := strings.Cut(debian, "+")
	return upstream
}
