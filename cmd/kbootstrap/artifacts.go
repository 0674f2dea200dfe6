package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/internal/human"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// artifactsCommand shows and locks the files that a cluster is made of.
func artifactsCommand(a *app) *cobra.Command {
	cmd := cli.Group(&cobra.Command{
		Use:   "artifacts",
		Short: "Show or lock the files that the cluster is made of; touches no host",
	})
	cmd.AddCommand(artifactsListCommand(a), artifactsLockCommand(a))
	return cmd
}

// artifactsListCommand shows where each artifact comes from and which sum it must have.
func artifactsListCommand(a *app) *cobra.Command {
	var path string
	var archs []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the URL, the pinned sha256 sum and the size of each artifact",
		Long: `List the URL, the pinned sha256 sum and its origin, and the size of each artifact. Nothing is fetched.
The sum of an image that is pulled from its registry is the digest of its index. A sum of "-" means that the
artifact is not pinned: see "kbootstrap artifacts lock". A pin of "disputed" means that the lock has another sum
than the project published.`,
		Example: "  kbootstrap artifacts list -i hosts.yaml\n" +
			"  kbootstrap artifacts list -i hosts.yaml | awk 'NR > 1 && $1 !~ /\\.tar$/ { print $1 }' " +
			"| wget -x -i -",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.validate(path)
			if err != nil {
				return cli.UsageError{Err: err}
			}
			var list []release.Artifact
			for _, arch := range archs {
				o := release.Options{Sources: component.Sources(), Verbs: []string{release.AnyVerb}}
				l, err := release.List(c, arch, o)
				if err != nil {
					return err
				}
				list = append(list, l...)
			}
			table(a.stdout, func(w io.Writer) {
				fmt.Fprintln(w, "URL\tSHA256\tPIN\tSIZE\tCACHED")
				for _, r := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n",
						r.URL, orDash(cmp.Or(r.SHA256, r.Index)), orDash(pinned(r)), sizeOrDash(r.Size),
						yesNo(r.Cached))
				}
			})
			return nil
		},
	}
	artifactsFlags(cmd, &path, &archs)
	return cmd
}

// artifactsLockCommand fetches the artifacts and records their sums.
func artifactsLockCommand(a *app) *cobra.Command {
	var path, output string
	var archs []string
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Fetch every artifact once and record its sha256 sum",
		Long: `Fetch every artifact once and record its sha256 sum in a lock file. An artifact whose sum is in the lock
already, or built into the tool, must have that sum. The sums of the others are taken on trust, over https or from
a directory, so look at the lock before you commit it. The lock that the inventory names is used, or artifacts.lock
next to it. With artifacts.ownBuilds in the inventory no built-in sum counts.`,
		Example: "  kbootstrap artifacts lock -i hosts.yaml\n" +
			"  kbootstrap artifacts lock -i hosts.yaml -o artifacts.lock --arch amd64,arm64",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.validate(path)
			if err != nil {
				return cli.UsageError{Err: err}
			}
			if output == "" {
				output = release.LockPath(c)
			}
			progress, stop := a.showFetch()
			defer stop()
			lock, err := release.RecordLock(cmd.Context(), c, archs, output,
				release.Options{
					Sources: component.Sources(), Verbs: []string{release.AnyVerb}, Progress: progress, Warn: a.warned,
				})
			stop()
			if err != nil {
				return err
			}
			if err := lock.Write(output); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: %d artifacts\n", output, len(lock.Artifacts))
			if output != release.LockPath(c) {
				fmt.Fprintf(a.stderr, "kbootstrap: to use it, add to %s: artifacts: {lock: %s}\n", path, output)
			}
			return nil
		},
	}
	artifactsFlags(cmd, &path, &archs)
	cmd.Flags().StringVarP(&output, "output", "o", "",
		"lock file to write (default: the lock that the inventory names, or artifacts.lock next to the inventory)")
	return cmd
}

func artifactsFlags(cmd *cobra.Command, path *string, archs *[]string) {
	cmd.Flags().StringVarP(path, "inventory", "i", "hosts.yaml", `the inventory file; "-" is standard input`)
	cmd.Flags().StringSliceVar(archs, "arch", []string{"amd64"}, "architectures of the hosts: amd64, arm64")
}

// warned prints what is odd about artifacts.
func (a *app) warned(text string) { fmt.Fprintf(a.stderr, "kbootstrap: warning: %s\n", text) }

// pinned says where the sum of an artifact is from.
func pinned(r release.Artifact) string {
	if r.Disputed {
		return "disputed"
	}
	return r.Origin
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func sizeOrDash(n int64) string {
	if n == 0 {
		return "-"
	}
	return human.Size(n)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
