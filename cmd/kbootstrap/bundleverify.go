package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/internal/human"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/release/airgap"
)

// bundleVerifyCommand reads all of a bundle.
func bundleVerifyCommand(a *app) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check that a bundle is whole, and has what an inventory needs; touches no host",
		Long: `Check that a bundle is whole: every file in it is read, and every program and image unpacked, and their sums are
compared with those of the manifest.

With -i the bundle must also have all that the inventory needs, and nothing in it may contradict the lock of the
inventory or what the projects published. Without it, that the sums agree says that the copy is good, and not whose
files they are: compare the sum of the whole file with the one that "bundle create" printed.`,
		Example: `  kbootstrap bundle verify demo-bundle.tar
  kbootstrap bundle verify demo-bundle.tar -i hosts.yaml
  kbootstrap bundle verify demo-bundle.tar demo-news.tar`,
		Args: cli.Args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := release.OpenBundle(args)
			if err != nil {
				return err
			}
			if err := b.Check(cmd.Context()); err != nil {
				return err
			}
			m := b.Manifest()
			if cmd.Flags().Changed("inventory") {
				if err := a.compareBundle(cmd, b, path); err != nil {
					return err
				}
			}
			fmt.Fprintf(a.stdout, "%s: ok: Kubernetes %s on %s, %d artifacts, made by kbootstrap %s\n",
				strings.Join(args, " with "), m.Kubernetes, strings.Join(m.Architectures, " and "), len(m.Artifacts),
				m.Tool)
			return nil
		},
	}
	cmd.Flags().StringVarP(&path, "inventory", "i", "", "the inventory that the bundle is for")
	return cmd
}

// compareBundle checks that a bundle has what an inventory needs on hosts of each of its
// architectures.
func (a *app) compareBundle(cmd *cobra.Command, b *release.Bundle, path string) error {
	c, err := a.validate(path)
	if err != nil {
		return cli.UsageError{Err: err}
	}
	for _, arch := range b.Manifest().Architectures {
		o := release.Options{Sources: component.Sources(), Verbs: []string{release.AnyVerb}, Bundle: b}
		if _, err := release.Resolve(cmd.Context(), c, arch, o); err != nil {
			return err
		}
	}
	return nil
}

// bundleDiffCommand compares two bundles.
func bundleDiffCommand(a *app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what is new in a bundle, or write only that to a file",
		Long: `Show which components differ between two bundles, and how much of the new one is not in the old one.

With -o only what is new is written. That file is used together with the old one: --bundle OLD --bundle FILE.`,
		Example: `  kbootstrap bundle diff demo-1.36.2.tar demo-1.36.3.tar
  kbootstrap bundle diff demo-1.36.2.tar demo-1.36.3.tar -o demo-news.tar
  kbootstrap up -i hosts.yaml --bundle demo-1.36.2.tar --bundle demo-news.tar`,
		Args: cli.Args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			older, err := airgap.Open(args[0])
			if err != nil {
				return err
			}
			newer, err := airgap.Open(args[1])
			if err != nil {
				return err
			}
			a.printDifference(airgap.Compare(older, newer), newer)
			if output == "" {
				return nil
			}
			if err := airgap.WriteDifference(cmd.Context(), older, newer, output); err != nil {
				return err
			}
			sum, size, err := sumFile(output)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: %s\nsha256 %s\n", output, human.Size(size), sum)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write what is new to this file")
	return cmd
}

// printDifference prints the components that differ, a line for each.
func (a *app) printDifference(d airgap.Difference, newer *airgap.Bundle) {
	table(a.stdout, func(w io.Writer) {
		for _, c := range d.Changes {
			what := cmp.Or(c.Old, "none") + " -> " + cmp.Or(c.New, "none")
			if c.Old == c.New {
				what = c.New + ", built again"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", c.Component, c.Arch, what)
		}
	})
	var all int64
	for _, f := range newer.Manifest.Files {
		all += f.Size
	}
	fmt.Fprintf(a.stdout, "new: %d of %d files, %s of %s\n", len(d.New), len(newer.Manifest.Files), human.Size(d.Bytes),
		human.Size(all))
}

// sumFile returns the sha256 sum of a file in hex, and its size.
func sumFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
