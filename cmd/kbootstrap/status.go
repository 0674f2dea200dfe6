package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/screen"
)

// wideOutput is the format of status that has a line for each component.
const wideOutput = "wide"

// leastInterval is how often a watch may ask at most.
const leastInterval = time.Second

func statusCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a, formats: []string{wideOutput}}
	var watch bool
	var interval time.Duration
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the cluster is: a summary, each component on each host, and the problems",
		Long: `Show how the cluster is: its nodes, API servers, etcd, DNS, pod network, certificates and clocks in a line
each, then each component on each host, and then the problems, each with what to do. Hosts are asked over
SSH, so status works even if the API does not. Nothing is changed.

In the table, "ok" is healthy, "!!" is broken, "~" works and differs from the inventory, "?" could not be
asked because something else is broken, and "." is not on that host. The guide lists what is broken (!!),
what is a warning (!) and what is a note (*).

The exit code is 0 if nothing is broken, warnings or not; 7 if something is broken; and 4 if a host could
not be reached and nothing else is broken, as far as the others know.

With --watch the cluster is asked again and again until Ctrl-C, over the same connections. A terminal shows
the last answer; elsewhere another block is printed when something has changed. The exit code is then 0.`,
		Example: `  kbootstrap status -i hosts.yaml
  kbootstrap status -i hosts.yaml -o wide
  kbootstrap status -i hosts.yaml --watch --interval 10s`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if watch && flags.output == jsonOutput {
				return cli.UsageError{Err: errors.New("--watch shows text: leave out -o json, or repeat the command")}
			}
			if watch && interval < leastInterval {
				return cli.UsageError{Err: fmt.Errorf("--interval %s: a second is the least", interval)}
			}
			flags.endless = watch
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Look())
			if err != nil {
				return err
			}
			defer done()
			if watch {
				a.shown.stop()
				return a.watchStatus(c.Context(), run, flags, interval)
			}
			status := run.Status()
			flags.show(status, func() { fmt.Fprint(a.stdout, flags.statusText(status)) })
			return statusError(status)
		},
	}
	flags.bind(c)
	flags.bindBundle(c)
	c.Flags().Lookup("output").Usage = "text; wide: a line for each component; json: one document, see docs/events.md"
	c.Flags().BoolVarP(&watch, "watch", "w", false, "ask again and again, until Ctrl-C")
	c.Flags().DurationVar(&interval, "interval", 5*time.Second, "with --watch, how long to wait between two answers")
	return c
}

// statusError is the exit code of a status: that something is broken counts for more than that a
// host was not reached.
func statusError(status provision.Status) error {
	switch {
	case status.Sick():
		return exitError{exitUnhealthy, nil}
	case !status.Healthy:
		return exitError{exitUnreachable, nil}
	}
	return nil
}

// statusText is the status in the format that was asked for, as wide as the terminal.
func (f *clusterFlags) statusText(status provision.Status) string {
	o, width := screen.Detect(f.app.stdout, os.Getenv), 80
	o.Colour = o.Colour && !f.noColor
	if o.Live {
		width, _ = o.Size()
		width = max(width, 60)
	}
	if f.output == wideOutput {
		text := summaryText(status, o) + problemsText(status, o)
		if status.Bare {
			return text
		}
		return text + "\n" + wideText(status, time.Now())
	}
	return statusText(status, o, width)
}

// watchStatus shows the status again and again until the context ends.
func (a *app) watchStatus(ctx context.Context, run *provision.Run, flags *clusterFlags, interval time.Duration) error {
	o := screen.Detect(a.stdout, os.Getenv)
	var last string
	for {
		status := run.Status()
		text := flags.statusText(status)
		now := time.Now().Format(time.TimeOnly)
		switch key := statusKey(status); {
		case o.Live:
			_, height := o.Size()
			fmt.Fprint(a.stdout, "\x1b[H\x1b[J"+firstLines(now+"  every "+interval.String()+"  "+text, height-1))
		case key != last:
			fmt.Fprintf(a.stdout, "%s  %s\n", now, text)
			last = key
		}
		wait := time.NewTimer(interval)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
		err := run.LookAgain(ctx)
		select {
		case <-ctx.Done():
			return nil
		default:
			if err != nil {
				return err
			}
		}
	}
}

// statusKey is what is worth another block: levels and states, and no text that has a time in it.
func statusKey(status provision.Status) string {
	var b strings.Builder
	for _, s := range status.Summary {
		fmt.Fprintln(&b, s.Name, s.Level)
	}
	for _, p := range status.Problems {
		fmt.Fprintln(&b, p.Level, p.Area, p.Host, p.Unreached)
	}
	for _, h := range status.Hosts {
		for _, c := range h.Components {
			fmt.Fprintln(&b, h.Name, c.Name, c.Healthy, c.Changed)
		}
	}
	return b.String()
}

// firstLines cuts a text to the lines of a terminal.
func firstLines(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[:min(len(lines), max(1, n))], "")
}
