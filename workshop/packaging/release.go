package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// release is what a release is made of.
type release struct {
	root    string // of the checkout
	version string // "v1.2.3"
	time    time.Time
	targets []target
	url     string // below which the files will lie; empty when that is not known
	key     string // to sign the sums with; empty for no signature
	cache   string // of what the compiler made for the tool; empty for that of the machine's user
	log     func(string)
}

// make writes all files of the release into the directory, whose former content goes. They are made
// aside, so that a run which fails leaves the directory as it was.
func (r *release) make(ctx context.Context, out string) (err error) {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	files := filepath.Join(work, "files")
	if err := os.Mkdir(files, 0o755); err != nil {
		return err
	}
	if err := r.fill(ctx, work, files); err != nil {
		return err
	}
	return replaceDir(files, out, filepath.Join(work, "former"))
}

// fill makes the files of the release. work is a directory for all else.
func (r *release) fill(ctx context.Context, work, files string) error {
	programs, err := r.build(ctx, filepath.Join(work, "programs"))
	if err != nil {
		return err
	}
	shared := filepath.Join(work, "shared")
	if err := r.writeShared(ctx, filepath.Join(work, "own"), shared); err != nil {
		return err
	}
	for _, t := range r.targets {
		tree := filepath.Join(work, "trees", r.archive(t))
		if err := r.lay(t, programs, shared, tree); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		if err := r.pack(t, tree, files); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		r.log("packed " + r.file(t))
		if t.os == "linux" {
			if err := r.makePackages(ctx, t, tree, work, files); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
		}
		if err := r.writeBill(t, programs[t], filepath.Join(files, r.archive(t)+".cdx.json")); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	sums, err := sumFiles(files)
	if err != nil {
		return err
	}
	if err := r.writeInstaller(sums, files); err != nil {
		return err
	}
	if err := r.writeFormula(sums, files); err != nil {
		return err
	}
	if err := writeSums(files); err != nil {
		return err
	}
	return r.sign(ctx, filepath.Join(files, sumsFile))
}

// replaceDir gives the directory from the name to; what is there is moved to former.
func replaceDir(from, to, former string) error {
	if err := os.Rename(to, former); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}
