package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/release"
	"kbootstrap/remote"
)

// clusterFlags are the flags of every command that works on a cluster.
type clusterFlags struct {
	app       *app
	inventory string
	quiet     bool
	verbose   bool
	noColor   bool
	progress  string
	output    string
	events    string
	askSudo   bool
	hostKey   string
	paths     bool     // -o may also be a path, which the command handles
	formats   []string // that -o may name besides text and json
	endless   bool     // the command goes on until Ctrl-C, which then is its proper end
	warns     bool     // the command tells the warnings of the inventory
	patience  time.Duration
	// identities are the files of private keys that open what is sealed: keys and backups.
	identities []string
	records    bool     // the command may record the sums of artifacts
	record     bool     // without asking
	bundles    []string // the files of a bundle of artifacts
	bundle     *release.Bundle
	// kubernetes is the version that the inventory is read for; "" means that which it has.
	kubernetes string

	result any // for the document
}

// bind adds the flags to a command that has its RunE, and makes the command show, log and report
// its events as the flags say. The command itself only passes its result to show.
func (f *clusterFlags) bind(c *cobra.Command) {
	run := c.RunE
	f.warns = slices.Contains(
		[]string{"plan", "up", "upgrade", "add-node", "replace-node", "recover", "preflight"}, c.Name())
	c.RunE = func(c *cobra.Command, args []string) error {
		shown, err := newProgress(f.app, verb(c), f)
		if err != nil {
			return err
		}
		f.app.shown = shown
		defer shown.stop() // in case the command panics
		said := make(chan struct{})
		stop := context.AfterFunc(c.Context(), func() {
			defer close(said)
			if f.endless {
				return
			}
			if shown.works.Load() {
				shown.view.Line("stopping after the current step (Ctrl-C again to force)")
			} else {
				shown.view.Line("stopping")
			}
		})
		err = run(c, args)
		if !stop() {
			<-said
		}
		return shown.finish(f.result, err)
	}
	c.Flags().StringVarP(&f.inventory, "inventory", "i", "hosts.yaml", "the inventory file")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print results and errors only")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "print every change and every wait")
	c.Flags().BoolVar(&f.noColor, "no-color", false, "no colours")
	c.Flags().BoolVarP(&f.askSudo, "ask-sudo-password", "K", false,
		"ask for the sudo password at once, without checking first whether sudo wants one")
	c.Flags().StringVar(&f.progress, "progress", "auto", `"plain" prints no moving lines, even on a terminal`)
	c.Flags().StringVarP(&f.output, "output", "o", textOutput, "text, or json: one document, see docs/events.md")
	c.Flags().Var(&choice{&f.hostKey, []string{"strict", "ask", "accept-new"}}, "host-key",
		"what to do if the key of a host is not known; overrides the inventory")
	bindIdentities(c, &f.identities)
	c.Flags().StringVar(&f.events, "events", "",
		"jsonl: write a stream of events to standard output; jsonl=FILE: to a file")
}

// verb is the name of a command as it is in logs: "hosts-trust" of `hosts trust`.
func verb(c *cobra.Command) string {
	return strings.ReplaceAll(strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "), " ", "-")
}

// bindLock adds the flag of commands that take locks.
func (f *clusterFlags) bindLock(c *cobra.Command) {
	c.Flags().DurationVar(&f.patience, "lock-timeout", 0,
		"how long to wait while another run holds a lock; with 0, fail at once")
}

// load reads the inventory, and opens the bundle that its artifacts are taken from.
func (f *clusterFlags) load() (*inventory.Cluster, error) {
	c, err := inventory.LoadAs(f.inventory, f.kubernetes, component.Rules())
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	f.app.shown.start(c)
	if f.warns {
		for _, w := range c.Warnings {
			f.app.shown.report(fleet.Event{Kind: fleet.EventWarning, Text: w.Warning()})
		}
	}
	if len(f.bundles) > 0 && f.bundle == nil {
		if f.bundle, err = release.OpenBundle(f.bundles); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// show keeps the result for the document, or lets the function print it in words if no document was
// asked for.
func (f *clusterFlags) show(result any, text func()) {
	f.app.shown.stop()
	f.app.shown.told = true
	f.result = result
	if f.output != jsonOutput {
		text()
	}
}

// file is the path given with -o to a command that takes one, or "" if -o names a format.
func (f *clusterFlags) file() string {
	if f.output == textOutput || f.output == jsonOutput {
		return ""
	}
	return f.output
}

// options are the options of a run whose progress is shown until the returned function is called.
func (f *clusterFlags) options(ctx context.Context) (fleet.Options, func()) {
	p, routes := f.app.shown, &remote.Routes{}
	var record func(context.Context, *release.UnpinnedError) (bool, error)
	if f.records {
		record = f.mayRecord
	}
	return fleet.Options{
		Bundle:      f.bundle,
		Record:      record,
		Report:      p.report,
		Command:     "kbootstrap " + strings.Join(f.app.args, " "),
		LockTimeout: f.patience,
		Unlock:      f.app.unlocker(ctx, f.identities),
		Remote: remote.Options{
			Agents: &remote.Agents{}, Routes: routes, HostKeyPolicy: f.hostKey,
			Secrets: &remote.Secrets{}, AskSudo: f.askSudo, Ask: f.app.asker(p),
			Notice: func(text string) { p.report(fleet.Event{Kind: fleet.EventWarning, Text: text}) },
		},
	}, func() { routes.Close(); p.stop() }
}

// prepare loads the inventory and goes through the stages of a verb on it. The returned function
// ends the run and its progress.
func (f *clusterFlags) prepare(
	ctx context.Context, scope provision.Scope, stages []provision.Stage,
) (*provision.Run, func(), error) {
	c, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	if err := mustKnow(c, scope.Hosts); err != nil {
		return nil, nil, err
	}
	options, stop := f.options(ctx)
	run, err := provision.Prepare(ctx, c, scope, options, stages...)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return run, func() { run.Close(); stop() }, nil
}

// unknownHost says that a host named on the command line is not in the inventory.
type unknownHost struct {
	name    string
	cluster *inventory.Cluster
}

func (e unknownHost) Error() string { return e.cluster.File + ": no host named " + e.name }

func (e unknownHost) Fault() fault.Code { return fault.UnknownHost }

func (e unknownHost) Hint() string {
	names := make([]string, len(e.cluster.Hosts))
	for i, h := range e.cluster.Hosts {
		names[i] = h.Name
	}
	return "the hosts are " + strings.Join(names, ", ")
}
