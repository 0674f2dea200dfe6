// Command kbootstrap makes a Kubernetes cluster out of bare Linux hosts over SSH.
//
// One file per verb: flags in, one call, output in print.go. There is no logic here.
package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
)

// version is set by the linker from the git tag.
var version = "dev"

func main() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(a.run(cli.Interruptible(context.Background()), os.Args[1:]))
}

// app is one invocation of the tool: where it reads from and writes to.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	args           []string  // what was typed, without the name of the program
	shown          *progress // what is shown of the command, if it works on a cluster
}

// run executes the command line and returns the process's exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	root := a.root()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return a.fail(err)
	}
	return exitOK
}

// root is the command that has all verbs below it.
func (a *app) root() *cobra.Command {
	root := cli.Root(&cobra.Command{
		Use:               "kbootstrap",
		Short:             "Make a Kubernetes cluster out of bare Linux hosts",
		Version:           version,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return applySettings(c) },
	}, cli.Streams{In: a.stdin, Out: a.stdout, Err: a.stderr})
	root.AddCommand(
		initCommand(a), validateCommand(a), hostsCommand(a), preflightCommand(a), planCommand(a), driftCommand(a), upCommand(a), addNodeCommand(a), statusCommand(a), resetCommand(a),
		explainCommand(a), supportBundleCommand(a), artifactsCommand(a), nodeCommand(a), cli.GenDocsCommand(),
	)
	completeWords(root)
	return root
}
