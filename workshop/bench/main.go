// Command bench measures how long the tool takes, as its user sees it, in the lab: `make bench`. It
// prints a table in markdown and writes every single run as JSON. As well as the tool it measures a
// plain script around kubeadm that makes the same cluster on the same hosts of the same programs.
//
// Start with scenario.go, which is the list of what is measured; measure.go is one run of one
// scenario. What the figures mean is in docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"kbootstrap/workshop/lab/components"
	"kbootstrap/workshop/light"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := start(ctx, os.Args[1:])
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// start runs the bench that the arguments name: that of the lab, or with "scale" that of light
// hosts.
func start(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "scale" {
		return run(ctx, args)
	}
	inside, code, err := light.Enter(ctx)
	switch {
	case err != nil:
		return err
	case inside:
		return runScale(ctx, args[1:])
	case code != 0:
		return errors.New("the bench of light hosts failed")
	}
	return nil
}

// options are the flags.
type options struct {
	program    string // the kbootstrap to measure
	kubernetes string
	repeats    int
	only       []scenario
	reset      bool
	keep       bool
	verbose    bool
	output     string
	dir        string // where labs and what kubeadm needs are
}

// parse reads the flags.
func parse(args []string) (options, error) {
	var o options
	var only string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.repeats, "n", 3, "runs of each scenario")
	f.StringVar(&only, "only", "",
		"scenarios, separated by commas: "+strings.Join(names(scenarios()), ", ")+" (default all)")
	f.BoolVar(&o.reset, "reset", false, "run `kbootstrap reset` on the hosts between runs instead of "+
		"booting fresh ones")
	f.BoolVar(&o.keep, "keep", false, "leave the lab of a run that failed")
	f.BoolVar(&o.verbose, "v", false, "print what the measured commands say, with the time of each line")
	f.StringVar(&o.output, "o", "bench-results.json", "file for the results")
	f.StringVar(&o.program, "program", filepath.Join("bin", "kbootstrap"), "the program to measure")
	f.StringVar(&o.kubernetes, "kubernetes", components.DefaultKubernetes,
		"version of Kubernetes, which the lab's mirror must have")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.repeats < 1 {
		return o, fmt.Errorf("-n %d: at least one run", o.repeats)
	}
	var err error
	if o.only, err = choose(only); err != nil {
		return o, err
	}
	if o.program, err = filepath.Abs(o.program); err != nil {
		return o, err
	}
	if _, err := os.Stat(o.program); err != nil {
		return o, fmt.Errorf("%w: build it first: make build", err)
	}
	cache, err := os.UserCacheDir()
	o.dir = filepath.Join(cache, "kbootstrap", "bench")
	return o, err
}

// run measures every scenario so often, in rounds, so that a machine that grows slower does so for
// all of them. A run that fails is told of and costs only itself.
func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	results, err := newResults(ctx, o)
	if err != nil {
		return err
	}
	if results.Machine.Load > 1 {
		say("the machine is busy (load %.1f): take the figures as provisional", results.Machine.Load)
	}
	b := &bench{options: o, labs: map[string]*hosts{}}
	defer b.close(ctx)
	failed := 0
	for n := range o.repeats {
		for _, s := range o.only {
			say("%s, run %d of %d", s.Name, n+1, o.repeats)
			r, err := b.measure(ctx, s)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				failed++
				say("%s: %v", s.Name, err)
				continue
			}
			say("%s: %.2f s", s.Name, r.Wall)
			results.Runs = append(results.Runs, r)
			if err := results.write(o.output); err != nil {
				return err
			}
		}
	}
	fmt.Print(results.markdown())
	if failed > 0 {
		return fmt.Errorf("%d runs failed", failed)
	}
	return nil
}

// say tells what goes on.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
