package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"
)

// cacheDir is where everything is that labs share.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "kbootstrap", "lab"), nil
}

// DefaultMirror is the artifact directory of labs that name none: kbootstrap/lab/mirror below the
// user's cache directory.
func DefaultMirror() (string, error) {
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "mirror"), nil
}

// baseRoots returns the root file systems of images, and makes those that are not in the cache,
// side by side: one or two minutes and some 300 MB each.
func baseRoots(ctx context.Context, names []string, progress func(string, ...any)) (map[string]string, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	made := make([]string, len(names))
	var telling sync.Mutex
	inTurn := func(format string, args ...any) {
		telling.Lock()
		defer telling.Unlock()
		progress(format, args...)
	}
	all, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		all.Go(func() error {
			root, err := baseRoot(ctx, name, inTurn)
			if err != nil {
				return fmt.Errorf("image %s: %w", name, err)
			}
			made[i] = root
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	roots := map[string]string{}
	for i, name := range names {
		roots[name] = made[i]
	}
	return roots, nil
}

func baseRoot(ctx context.Context, name string, progress func(string, ...any)) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	if strings.ContainsAny(cache, ":,\\\n") {
		return "", fmt.Errorf("cache directory %q has a colon, comma, backslash or newline in its name", cache)
	}
	recipe := images()[name]
	root := filepath.Join(cache, "base-"+recipe.digest())
	// Two labs may need it at the same time.
	l := flock.New(root + ".lock")
	if err := l.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }() // the kernel drops the lock with the process at the latest
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	progress("building the root file system of %s with mmdebstrap, once: about a minute", name)
	temp := root + ".new"
	if err := os.RemoveAll(temp); err != nil { // of a run that was killed
		return "", err
	}
	if err := recipe.make(ctx, temp); err != nil {
		return "", errors.Join(err, os.RemoveAll(temp))
	}
	return root, os.Rename(temp, root)
}

// make writes the root file system into a directory that is not there yet.
func (i image) make(ctx context.Context, root string) error {
	argv := []string{"--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io",
		"--include=" + strings.Join(i.Packages, ",")}
	for _, hook := range i.Hooks {
		argv = append(argv, "--customize-hook="+hook)
	}
	if err := bootstrap(ctx, append(argv, i.Suite, root)...); err != nil || i.Script == "" {
		return err
	}
	return run(ctx, "", append([]string{"sh", "-euc", i.Script, "sh", root}, i.Arguments...)...)
}

// bootstrap runs mmdebstrap, in a mount namespace of its own: it binds the machine's
// /dev/shm into the new root, and whoever removes the root of one that was ended would remove what
// lies there.
func bootstrap(ctx context.Context, argv ...string) error {
	return run(ctx, "", append([]string{"unshare", "--mount", "--propagation=slave", "--", "mmdebstrap"}, argv...)...)
}

// BaseRoot returns the root file system of an image, and makes it if it is not in the cache. It is
// shared by all labs and must not be changed.
func BaseRoot(ctx context.Context, name string, progress func(string, ...any)) (string, error) {
	if err := checkImage(name); err != nil {
		return "", err
	}
	return baseRoot(ctx, name, progress)
}
