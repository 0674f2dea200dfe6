package resource

import (
	"context"
	"fmt"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Package is a program that the host's package manager installs when it is not there.
type Package struct {
	Program  string // the program that must be there, by its file name
	Apt, Yum string // the package's names for Debian's and for Red Hat's package manager
	// Environment is the path of a file for sh that exports what the package manager is to have in
	// its environment; "" for none.
	Environment string
	Absent      bool
}

// ID is "package PROGRAM".
func (p Package) ID() string { return "package " + p.Program }

// State is "present" or empty.
func (p Package) State() string { return States(Flag("present", !p.Absent)) }

// Observe looks for the program; who brought it is not asked.
func (p Package) Observe(_ context.Context, sys *host.System) (Resource, error) {
	p.Absent = sys.Program(p.Program) == ""
	return p, nil
}

// Apply installs the package, or removes it alone: a package that another needs by now stays, and
// that is an error.
func (p Package) Apply(ctx context.Context, sys *host.System) error {
	if there := sys.Program(p.Program) != ""; there == !p.Absent {
		return nil
	}
	switch {
	case sys.Program("apt-get") != "":
		return p.applyApt(ctx, sys)
	case sys.Program("dnf") != "":
		return p.applyYum(ctx, sys, "dnf")
	case sys.Program("yum") != "":
		return p.applyYum(ctx, sys, "yum")
	}
	return fault.PackageUnknown.Errorf(
		"%s is missing, and so is a package manager that we know (apt-get, dnf, yum)", p.Program)
}

func (p Package) applyApt(ctx context.Context, sys *host.System) error {
	if p.Apt == "" {
		return fault.PackageUnknown.Errorf("%s is missing, and no package of apt has it", p.Program)
	}
	if p.Absent {
		_, err := sys.Change(ctx, "dpkg", "--remove", p.Apt)
		return packageError(err)
	}
	install := []string{
		"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends",
		// Debian's own upgrades run in the background for minutes after a host's first boot.
		"-o", "DPkg::Lock::Timeout=120", p.Apt,
	}
	_, err := sys.Change(ctx, p.within(sys, install...)...)
	if err == nil {
		return nil
	}
	// A fresh cloud image has no lists, and old lists name packages that the mirror no longer has.
	if _, update := sys.Change(ctx, p.within(sys, "apt-get", "update")...); update != nil {
		return packageError(fmt.Errorf("%w (and then: %w)", err, update))
	}
	_, err = sys.Change(ctx, p.within(sys, install...)...)
	return packageError(err)
}

func (p Package) applyYum(ctx context.Context, sys *host.System, program string) error {
	if p.Yum == "" {
		return fault.PackageUnknown.Errorf("%s is missing, and no package of %s has it", p.Program, program)
	}
	argv := p.within(sys, program, "install", "-y", p.Yum)
	if p.Absent {
		argv = []string{"rpm", "--erase", p.Yum}
	}
	_, err := sys.Change(ctx, argv...)
	return packageError(err)
}

// within is a command with the environment of the package manager. A proxy may have a password,
// which everybody on the host would see in a command line.
func (p Package) within(sys *host.System, argv ...string) []string {
	if p.Environment == "" {
		return argv
	}
	return append([]string{"sh", "-euc", `. "$1"; shift; exec "$@"`, "sh", sys.Path(p.Environment)}, argv...)
}

// packageError gives an error of a package manager its code, by what the manager says.
func packageError(err error) error {
	if err == nil {
		return nil
	}
	locked := []string{
		"Could not get lock",
		"Unable to acquire the dpkg frontend lock",
		"is another process using it",
		"waiting for process with pid",
		"RPM: error: can't create transaction lock",
	}
	for _, says := range locked {
		if strings.Contains(err.Error(), says) {
			return fault.PackagesLocked.Wrap(err)
		}
	}
	if strings.Contains(err.Error(), "No space left on device") ||
		strings.Contains(err.Error(), "not enough free space") {
		return fault.NoSpace.Wrap(err)
	}
	for _, says := range []string{
		"Cannot find a valid baseurl for repo", // yum 3
		"Could not retrieve mirrorlist",
		"Failed to download metadata for repo", // dnf
		"Cannot prepare internal mirrorlist",
		"does not have a Release file", // apt
		"Temporary failure resolving",
	} {
		if strings.Contains(err.Error(), says) {
			return fault.PackagesGone.Wrap(err)
		}
	}
	return fault.PackageFailed.Wrap(err)
}

// Installs returns the program, if it is wanted.
func (p Package) Installs() (program string) {
	if p.Absent {
		return ""
	}
	return p.Program
}
