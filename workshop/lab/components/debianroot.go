package components

import (
	"context"
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// debianRoot makes a directory of programs of Debian that are linked dynamically, with the
// libraries that they need, as the root of an image. It serves what the examples run and the
// distribution has not linked statically.
type debianRoot struct {
	Root      string            // the name of the directory
	Packages  map[string]string // package name to upstream version, of those with the programs
	Libraries []string          // packages with their libraries, in the versions that the distribution has
	Take      map[string]string // path in the root to path in the packages: "bin/redis": "usr/bin/redis"
}

func (d debianRoot) tools() []string { return []string{"apt-get", "dpkg-deb"} }

func (d debianRoot) collect(ctx context.Context, work, dir string) error {
	argv := append([]string{"apt-get", "download"}, slices.Sorted(maps.Keys(d.Packages))...)
	if _, err := run(ctx, command{dir: work, argv: append(argv, d.Libraries...)}); err != nil {
		return err
	}
	return d.unpack(ctx, work, dir)
}

// unpack makes the root out of the package files in work.
func (d debianRoot) unpack(ctx context.Context, work, dir string) error {
	if err := (debianPackages{Packages: d.Packages}).unpack(ctx, work, dir); err != nil {
		return err
	}
	tree := filepath.Join(work, "tree") // which has the programs by now
	files, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := run(ctx, command{argv: []string{"dpkg-deb", "--extract", f, tree}}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Take)) {
		program := filepath.Join(tree, d.Take[name])
		if err := copyInto(filepath.Join(dir, d.Root, name), program); err != nil {
			return err
		}
		if err := d.link(ctx, tree, program, filepath.Join(dir, d.Root)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// link adds the libraries of a program to the root, and the loader that the program names.
func (d debianRoot) link(ctx context.Context, tree, program, root string) error {
	loaders, err := filepath.Glob(filepath.Join(tree, "lib/*/ld-linux-*.so.*"))
	if err != nil {
		return err
	}
	if len(loaders) != 1 {
		return fmt.Errorf("%d loaders among the packages, not one", len(loaders))
	}
	named, err := loaderOf(program)
	if err != nil {
		return err
	}
	if err := copyInto(filepath.Join(root, named), loaders[0]); err != nil {
		return err
	}
	libraries := filepath.Dir(loaders[0])
	of := filepath.Base(libraries) // "x86_64-linux-gnu"
	search := libraries + ":" + filepath.Join(tree, "usr/lib", of)
	out, err := run(ctx, command{argv: []string{loaders[0], "--library-path", search, "--list", program}})
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		library, at, found := strings.Cut(strings.TrimSpace(line), " => ")
		if !found {
			continue // what the kernel brings, and the loader
		}
		at, _, _ = strings.Cut(at, " ")
		if !strings.HasPrefix(at, tree+"/") {
			return fmt.Errorf("no package has its library %s", library)
		}
		if path.IsAbs(library) {
			continue // the loader
		}
		if err := copyInto(filepath.Join(root, "lib", of, library), at); err != nil {
			return err
		}
	}
	return nil
}

// loaderOf is the path of the loader that a program names.
func loaderOf(program string) (string, error) {
	f, err := elf.Open(program)
	if err != nil {
		return "", err
	}
	defer f.Close()
	section := f.Section(".interp")
	if section == nil {
		return "", fmt.Errorf("%s is not linked dynamically", program)
	}
	text, err := section.Data()
	return strings.TrimRight(string(text), "\x00"), err
}

// copyInto copies a file, whatever links lead to it, and makes the directories above the copy.
func copyInto(dst, src string) error {
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return closing(out, err)
}
