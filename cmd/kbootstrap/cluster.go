package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/remote"
)

// clusterFlags are the flags of every command that works on a cluster.
type clusterFlags struct {
	app       *app
	inventory string
	quiet     bool
	verbose   bool
	noColor   bool
}

// bind adds the flags to a command.
func (f *clusterFlags) bind(c *cobra.Command) {
	c.Flags().StringVarP(&f.inventory, "inventory", "i", "hosts.yaml", "the inventory file")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print results and errors only")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "print every change and every wait")
	c.Flags().BoolVar(&f.noColor, "no-color", false, "no colours and no live view")
}

// load reads the inventory.
func (f *clusterFlags) load() (*inventory.Cluster, error) {
	c, err := inventory.Load(f.inventory)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	return c, nil
}

// options are those of a run whose progress goes to standard error until the returned function is called.
func (f *clusterFlags) options(c *inventory.Cluster) (provision.Options, func()) {
	p := newProgress(f.app.stderr, c, f)
	return provision.Options{
		Report:  p.report,
		Command: "kbootstrap " + strings.Join(os.Args[1:], " "),
		Remote:  remote.Options{Agents: &remote.Agents{}, Ask: f.app.asker(p)},
	}, p.stop
}

// prepare loads the inventory and prepares a run on it. The returned function ends the run and its progress.
func (f *clusterFlags) prepare(ctx context.Context, scope provision.Scope) (*provision.Run, func(), error) {
	c, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range scope.Hosts {
		if _, ok := c.Host(name); !ok {
			return nil, nil, exitError{exitUsage, unknownHost{name, c}}
		}
	}
	options, stop := f.options(c)
	run, err := provision.Prepare(ctx, c, scope, options)
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
