// Command kbootstrap makes a Kubernetes cluster out of bare Linux hosts over SSH.
//
// There is one file per verb, named after it: its flags, the calls that it makes, and what it alone
// prints. What several verbs print is in print.go, plans and drifts are in plantext.go, errors in
// fail.go, exit codes in exit.go, and the events of a run in progress.go. What a verb does to hosts
// is in other packages, most of it in provision.
package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
	if c, err := root.ExecuteContextC(ctx); err != nil {
		return a.fail(cli.NameHelp(c, err))
	}
	return exitOK
}

// root is the command that has all verbs below it.
func (a *app) root() *cobra.Command {
	root := cli.Root(&cobra.Command{
		Use:   "kbootstrap",
		Short: "Make a Kubernetes cluster out of bare Linux hosts",
		Long: `Make a Kubernetes cluster out of bare Linux hosts over SSH.

Without a command, kbootstrap says what to do next with the inventory in the working directory.`,
		Example: `  kbootstrap init
  kbootstrap validate
  kbootstrap plan
  kbootstrap up
  kbootstrap status`,
		Version:           version,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return applySettings(c) },
	}, cli.Streams{In: a.stdin, Out: a.stdout, Err: a.stderr})
	root.AddCommand(
		initCommand(a), validateCommand(a), hostsCommand(a), preflightCommand(a), planCommand(a), driftCommand(a),
		upCommand(a), upgradeCommand(a), addNodeCommand(a), removeNodeCommand(a), replaceNodeCommand(a),
		recoverCommand(a), statusCommand(a), addonsCommand(a), auditCommand(a), verifyCommand(a), logsCommand(a),
		timelineCommand(a), certsCommand(a),
		stateCommand(a), adoptCommand(a), backupCommand(a), restoreCommand(a), resetCommand(a), explainCommand(a),
		supportBundleCommand(a),
		schemaCommand(a), versionCommand(a), renderCommand(a), kubeconfigCommand(a),
		artifactsCommand(a), bundleCommand(a), nodeCommand(a), makeBackupCommand(a),
		cli.GenDocsCommand(), cli.GenManCommand(),
	)
	completeWords(root)
	nameOtherVerbs(root)
	root.SetFlagErrorFunc(answerHabit)
	bindMisplaced(root)
	path := root.Flags().StringP("inventory", "i", "hosts.yaml", "the inventory file")
	root.RunE = func(*cobra.Command, []string) error {
		printNext(a.stdout, *path)
		return nil
	}
	return root
}

// bindMisplaced lets flags that most verbs have be typed before the verb: `kbootstrap -v up`. The
// root only has to know that they take no value, to find the verb; the verb reads them, or refuses
// those that it does not have.
func bindMisplaced(root *cobra.Command) {
	flags := root.Flags()
	flags.BoolP("verbose", "v", false, "")
	flags.BoolP("quiet", "q", false, "")
	flags.BoolP("ask-sudo-password", "K", false, "")
	flags.Bool("no-color", false, "")
	flags.VisitAll(func(f *pflag.Flag) { f.Hidden = true })
}
