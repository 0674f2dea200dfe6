package main

import (
	"context"
	"fmt"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/fleet"
)

// carryOut carries out what a run has prepared. Where that failed on some hosts, it is told how it
// went on each.
func (f *clusterFlags) carryOut(ctx context.Context, run *provision.Run) (provision.Summary, error) {
	summary, err := run.Apply(ctx)
	if err != nil {
		return summary, f.app.partly(f, summary, runError(err, summary.Outcome))
	}
	return summary, nil
}

// half is one of the two runs of a verb that has two, with the same options: it is prepared and
// carried out, and then done is told what it did.
func (f *clusterFlags) half(
	ctx context.Context, cluster *inventory.Cluster, scope provision.Scope, o fleet.Options, stages []provision.Stage,
	done func(*provision.Run, provision.Summary),
) error {
	run, err := provision.Prepare(ctx, cluster, scope, o, stages...)
	if err != nil {
		return err
	}
	defer run.Close()
	summary, err := f.carryOut(ctx, run)
	if err == nil {
		done(run, summary)
	}
	return err
}

// showSummary shows what a run has done on each host, and nothing else.
func (f *clusterFlags) showSummary(run *provision.Run, summary provision.Summary) {
	f.show(nil, func() { f.app.printSummary(run, summary, "") })
}

// consent shows what follows and asks for the cluster's name, if there is a person to ask.
func (a *app) consent(ctx context.Context, person *terminal, name, what, text string) error {
	a.shown.suspend()
	defer a.shown.resume()
	fmt.Fprint(a.stdout, text)
	if person == nil {
		return nil
	}
	return person.confirm(ctx, name, what)
}

// mustKnow refuses names of hosts that the inventory does not have.
func mustKnow(cluster *inventory.Cluster, names []string) error {
	for _, name := range names {
		if _, ok := cluster.Host(name); !ok {
			return cli.UsageError{Err: unknownHost{name, cluster}}
		}
	}
	return nil
}
