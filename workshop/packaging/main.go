// Command packaging makes the files of a release out of a checkout: archives for all control
// machines, packages for Debian and for systems with rpm, a bill of materials of each program, a
// formula for Homebrew, an installer, and the sums of all of them, signed if there is a key. The
// same commit gives the same bytes.
//
// Start at make in release.go; targets.go is the table of what is made for whom.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "packaging: %v\n", err)
		os.Exit(1)
	}
}

// run makes the release that the command line asks for.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("packaging", flag.ContinueOnError)
	version := flags.String("version", "", "the release, v1.2.3; by default the tag of the commit")
	key := flags.String("key", "", "private key, or public key of one in the SSH agent, to sign the sums with")
	url := flags.String("url", "", "https address below which the files will lie; without it there is no formula")
	out := flags.String("o", "", "directory for the files (default: dist/VERSION)")
	systems := flags.String("for", "", "systems to make, such as linux/amd64,darwin/arm64; by default all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("no argument is expected, and %q was given", flags.Arg(0))
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	targets, wrongTargets := chooseTargets(*systems)
	r := release{
		root: root, version: *version, targets: targets, url: *url, key: *key,
		log: func(line string) { fmt.Fprintln(os.Stderr, "packaging: "+line) },
	}
	if err := errors.Join(wrongTargets, checkURL(*url), checkKey(*key), r.readCommit(ctx)); err != nil {
		return err
	}
	if *out == "" {
		*out = filepath.Join(root, "dist", r.version)
	}
	if err := r.make(ctx, *out); err != nil {
		return err
	}
	fmt.Println(*out)
	return nil
}
