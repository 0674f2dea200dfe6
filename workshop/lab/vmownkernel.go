package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var (
	//go:embed scripts/kernel-build.sh
	kernelBuildScript string
	//go:embed scripts/kernel-options
	kernelOptions string
)

// kernelSeries is the Linux that the lab builds, a package of kernelSuite. When the suite has
// another one, its name goes here, and the build tells which options are called otherwise there.
const kernelSeries = "7.2"

// ownKernel returns the recipe of the kernel that the lab builds.
func ownKernel() kernelRecipe {
	return kernelRecipe{
		name: "kernel-" + kernelSeries,
		text: strings.Join([]string{kernelSuite, kernelSeries, kernelBuildScript, kernelOptions}, "\n"),
		says: "building Linux " + kernelSeries + " for virtual machines, once: a quarter of an hour of a processor, " +
			"and 2 GB of the disk meanwhile",
		make: buildKernel,
	}
}

// buildKernel makes the tree of the lab's own kernel. The source goes when the kernel is there.
func buildKernel(ctx context.Context, tree string) error {
	if err := canBuildKernel(); err != nil {
		return err
	}
	work := filepath.Join(tree, "build")
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	unpacked, name := filepath.Join(tree, "source"), "linux-source-"+kernelSeries
	if err := unpackPackages(ctx, unpacked, []string{name}); err != nil {
		return err
	}
	archive := filepath.Join(unpacked, "usr/src", name+".tar.xz")
	err := run(ctx, "", "sh", "-euc", `cd "$1"; shift; `+kernelBuildScript, "sh", work, archive, tree, kernelOptions)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return errors.Join(os.RemoveAll(unpacked), os.RemoveAll(work))
}

// canBuildKernel returns which programs are missing that a kernel is built with.
func canBuildKernel() error {
	var missing []string
	for _, name := range []string{"gcc", "make", "flex", "bison", "bc", "xz", "strip", "ldd"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return hintedError{fmt.Errorf("to build a kernel, programs are missing: %s", strings.Join(missing, ", ")),
			"apt-get install --yes build-essential flex bison bc xz-utils"}
	}
	return nil
}
