// Command kblab boots local hosts to try kbootstrap on, and builds what their clusters run. It is a
// developer's program: kbootstrap itself knows nothing of it.
//
// One verb is one function: flags in, one call of workshop/lab, output. There is no logic here.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
)

// version is set by the linker from the git tag.
var version = "dev"

func main() {
	s := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	os.Exit(run(cli.Interruptible(context.Background()), s, os.Args[1:]))
}

// run executes the command line and returns the process's exit code.
func run(ctx context.Context, s cli.Streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	verb, err := root.ExecuteContextC(ctx)
	if cli.IsReaderGone(err, s.Out) {
		return cli.ExitReaderGone
	}
	err = cli.NameHelp(verb, err)
	code := cli.ExitCode(err)
	switch code {
	case cli.ExitOK:
	case cli.ExitInterrupted:
		fmt.Fprintln(s.Err, "kblab: interrupted; run the same command again to finish")
	default:
		cli.PrintErrors(s.Err, []error{err}, cli.Codes)
	}
	return code
}

// newRoot makes the command that has all verbs below it.
func newRoot(s cli.Streams) *cobra.Command {
	root := cli.Root(&cobra.Command{
		Use:   "kblab",
		Short: "Boot local hosts shaped like Vagrant's, without a hypervisor (Linux, root)",
		Long: `Boot local hosts to try kbootstrap on: systemd-nspawn machines with a real systemd, sshd and firewalld, shaped
like the ones that Vagrant makes with VirtualBox. All of their network is in namespaces of its own.`,
		Version: version,
	}, s)
	dir := root.PersistentFlags().String("dir", "lab", "where the lab lives")
	root.AddCommand(
		upCommand(s, dir), addCommand(s, dir), lsCommand(s, dir), execCommand(dir),
		downCommand(s, dir), artifactsCommand(s),
		stopCommand(dir), startCommand(dir), killCommand(dir), removeCommand(dir), cli.GenDocsCommand(),
	)
	for _, verb := range root.Commands() {
		if verb.Use == verb.Name() { // it takes no arguments, so the shell must not offer files
			verb.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
	return root
}
