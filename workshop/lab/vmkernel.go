package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// kernelSuite is the Debian release whose user-mode-linux virtual machines run. Older ones panic at
// the first process on a processor with AMX, whose registers do not fit into their buffer.
const kernelSuite = "forky"

// kernelPackages are the kernel and the libraries that it needs as a process. It is linked against
// a newer glibc than the machine's, so it runs with its own below another root.
func kernelPackages() []string { return []string{"user-mode-linux", "libc6", "libgcc-s1"} }

// kernelScript finishes the tree $1 that the packages were unpacked to: it makes what their
// scripts would, the places where the machine's own directories are mounted, and of the modules a
// layer for the hosts' disks.
const kernelScript = `
cd "$1"
ln -s usr/lib64 lib64
mkdir -p host proc dev tmp ../modules/usr/lib
mv usr/lib/uml/modules ../modules/usr/lib/modules
find ../modules -name '*.ko' -exec strip --strip-debug {} +
`

// vmKernel is a kernel that runs as a process of the machine.
type vmKernel struct {
	root    string // the directory to run it in, as /usr/bin/linux.uml
	modules string // a layer with /usr/lib/modules
}

func kernelIn(dir string) vmKernel {
	return vmKernel{root: filepath.Join(dir, "root"), modules: filepath.Join(dir, "modules")}
}

// The kernels that virtual machines can have.
const (
	// PackagedKernel is Debian's package: unpacked in a quarter of a minute, with one processor,
	// and without what docker and kube-proxy need.
	PackagedKernel = "packaged"
	// OwnKernel is built from Debian's source, with all that a cluster needs.
	OwnKernel = "own"
)

// Kernels returns the names of the kernels that virtual machines can have, the default first.
func Kernels() []string { return []string{PackagedKernel, OwnKernel} }

// kernelRecipe is how a kernel comes to be.
type kernelRecipe struct {
	name string // of its directory in the cache
	text string // all that it is made of: another text makes another kernel
	says string // what is said when it is made, and how long that takes
	make func(ctx context.Context, tree string) error
}

func recipeOf(kernel string) kernelRecipe {
	if kernel == OwnKernel {
		return ownKernel()
	}
	return kernelRecipe{
		name: "kernel",
		text: kernelSuite + "\n" + strings.Join(kernelPackages(), "\n") + "\n" + kernelScript,
		says: "unpacking a kernel for virtual machines, once: a quarter of a minute",
		make: unpackKernel,
	}
}

// dir is the name of its directory, with the sum of all that it is made of.
func (r kernelRecipe) dir() string {
	sum := sha256.Sum256([]byte(r.text))
	return r.name + "-" + hex.EncodeToString(sum[:6])
}

// kernelTree returns the directory of a kernel of virtual machines, and makes it when it is not in
// the cache.
func kernelTree(ctx context.Context, kernel string, progress func(string)) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	recipe := recipeOf(kernel)
	dir := filepath.Join(cache, recipe.dir())
	l := flock.New(dir + ".lock")
	if err := l.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }() // the kernel drops the lock with the process at the latest
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	progress(recipe.says)
	temp := dir + ".new"
	if err := os.RemoveAll(temp); err != nil { // of a run that was killed
		return "", err
	}
	if err := recipe.make(ctx, temp); err != nil {
		return "", errors.Join(fmt.Errorf("kernel of virtual machines: %w", err), os.RemoveAll(temp))
	}
	return dir, os.Rename(temp, dir)
}

// unpackKernel makes the tree of Debian's package.
func unpackKernel(ctx context.Context, tree string) error {
	root := kernelIn(tree).root
	if err := unpackPackages(ctx, root, kernelPackages()); err != nil {
		return err
	}
	return run(ctx, "", "sh", "-euc", kernelScript, "sh", root)
}

// unpackPackages unpacks packages of Debian and installs none, so nothing of theirs is run. The
// lists of a release that moves on are signed for a week, and a mirror may be behind.
func unpackPackages(ctx context.Context, root string, names []string) error {
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return err
	}
	return bootstrap(ctx, "--quiet", "--variant=extract", `--aptopt=Acquire::Check-Valid-Until "false"`,
		"--include="+strings.Join(names, ","), kernelSuite, root)
}
