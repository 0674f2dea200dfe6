package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/component"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// logsCommand reads what services of hosts and pods write.
func logsCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	q := provision.LogQuery{}
	c := &cobra.Command{
		Use:   "logs HOST|POD...",
		Short: "Read the logs of hosts and pods",
		Long: `Read what the cluster's services on hosts write, out of their journals, and what pods write, by the API. It needs
no add-on, and hosts need nothing for it. What is named like a host of the inventory is a host; anything else is a pod
in the namespace of --namespace, or what the names of several pods begin with: "coredns".

Lines are in the order of their times. Of each host and container the last lines are shown, as many as --lines says.
Nothing is changed.`,
		Example: `  kbootstrap logs cp1 w1
  kbootstrap logs w1 --unit kubelet --since 1h
  kbootstrap logs --namespace kube-system coredns --follow
  kbootstrap logs w1 -o json -q`,
		Args: cli.Args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkLogs(q, flags.output); err != nil {
				return cli.UsageError{Err: err}
			}
			flags.endless = q.Follow
			cluster, err := inventory.Load(flags.inventory, component.Rules())
			if err != nil {
				return cli.UsageError{Err: err}
			}
			scope := provision.Scope{}
			for _, name := range args {
				if _, ok := cluster.Host(name); ok {
					q.Hosts = append(q.Hosts, name)
				} else {
					q.Pods = append(q.Pods, name)
				}
			}
			if len(q.Pods) == 0 {
				scope.Hosts = q.Hosts
			}
			run, done, err := flags.prepare(c.Context(), scope, provision.Logs())
			if err != nil {
				return err
			}
			defer done()
			return showLogs(c, flags, run, q)
		},
	}
	flags.bind(c)
	c.Flags().StringSliceVar(&q.Units, "unit", nil, "of hosts: only these services, such as kubelet")
	c.Flags().StringVarP(&q.Namespace, "namespace", "n", "default", "of pods: their namespace")
	c.Flags().DurationVar(&q.Since, "since", 0, "only what was written so long ago or later, such as 1h")
	c.Flags().IntVar(&q.Lines, "lines", 100, "at most so many lines of each host and container")
	c.Flags().BoolVarP(&q.Follow, "follow", "f", false, "go on until Ctrl-C")
	return c
}

// checkLogs refuses what cannot be shown.
func checkLogs(q provision.LogQuery, output string) error {
	switch {
	case q.Lines < 1 || q.Lines > host.MostLines:
		return fmt.Errorf("--lines %d: a number from 1 to %d is wanted", q.Lines, host.MostLines)
	case q.Since < 0 || q.Since > 0 && q.Since < time.Second:
		return fmt.Errorf("--since %s: a second or more is wanted", q.Since)
	case q.Follow && output == jsonOutput:
		return errors.New("--follow has no end, and -o json is one document: leave one of them out")
	}
	for _, u := range q.Units {
		if u == "" || strings.ContainsAny(u, " /\n") {
			return fmt.Errorf("--unit %q: not the name of a service", u)
		}
	}
	return nil
}

// showLogs prints lines as they come, or keeps them for the document.
func showLogs(c *cobra.Command, flags *clusterFlags, run *provision.Run, q provision.LogQuery) error {
	a := flags.app
	var all []provision.LogLine
	err := run.Logs(c.Context(), q, func(lines []provision.LogLine) {
		if flags.output == jsonOutput {
			all = append(all, lines...)
			return
		}
		flags.show(nil, func() {
			for _, l := range lines {
				fmt.Fprint(a.stdout, screen.Clean(logLineText(l)))
			}
		})
	})
	if flags.output == jsonOutput {
		flags.show(report.NewLogs(all), func() {})
	}
	return err
}

// logLineText is a line as people read it.
func logLineText(l provision.LogLine) string {
	return l.Time.Format("2006-01-02T15:04:05.000Z") + " " + l.Of + " " + l.By + ": " + l.Text + "\n"
}
