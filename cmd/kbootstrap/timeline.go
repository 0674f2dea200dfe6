package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/internal/atomic"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/report"
	"kbootstrap/report/timeline"
)

// timelineCommand shows where the time of a run went.
func timelineCommand(a *app) *cobra.Command {
	var path, picture string
	var all bool
	c := &cobra.Command{
		Use:   "timeline [RUN]",
		Short: "Show where the time of a run went: what waited for what, and the critical path",
		Long: `Show where the time of a run went, out of its log: which component ran on which host and when, what waited for what,
and the critical path, which is what the end of the run waited for. No host is asked.

RUN is the path of a log, or what the name of one of the cluster's logs begins with, such as 20260102T1504. Without it,
it is the last run of a command that changes hosts, such as up.`,
		Example: `  kbootstrap timeline
  kbootstrap timeline --all
  kbootstrap timeline --svg up.svg 20260102T1504`,
		Args: cli.Args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			log, err := findLog(path, args)
			if err != nil {
				return err
			}
			file, err := os.Open(log)
			if err != nil {
				return err
			}
			defer file.Close()
			run, err := timeline.Read(file)
			if err != nil {
				return cli.UsageError{Err: fmt.Errorf("%s: %w", log, err)}
			}
			if picture != "" {
				var text strings.Builder
				if err := run.WriteSVG(&text); err != nil {
					return err
				}
				if err := atomic.WriteFile(picture, []byte(text.String()), 0o644); err != nil {
					return err
				}
			}
			if err := run.WriteCritical(a.stdout); err != nil || !all {
				return err
			}
			fmt.Fprintln(a.stdout)
			return run.WriteChart(a.stdout)
		},
	}
	c.Flags().StringVarP(&path, "inventory", "i", "hosts.yaml", "the inventory file")
	c.Flags().BoolVar(&all, "all", false, "also all steps of all hosts, with a bar for each")
	c.Flags().StringVar(&picture, "svg", "", "write a picture of it to this file")
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		logs, _ := logsOf(path) // without an inventory there is nothing to complete
		var words []string
		for _, l := range logs {
			words = append(words, strings.TrimSuffix(filepath.Base(l), ".log"))
		}
		return words, cobra.ShellCompDirectiveDefault
	}
	return c
}

// changing are the names of the logs of runs that change hosts.
var changing = regexp.MustCompile(`Z-(up|upgrade|(add|remove|replace)-node|recover|restore|` +
	`certs-renew|certs-rotate-ca|reset)\.log$`)

// findLog returns the path of the log that is meant.
func findLog(inventoryFile string, args []string) (string, error) {
	if len(args) == 1 {
		if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
			return args[0], nil
		}
	}
	logs, err := logsOf(inventoryFile)
	if err != nil {
		return "", err
	}
	var names []string
	for _, log := range slices.Backward(logs) {
		name := filepath.Base(log)
		if len(args) == 0 && changing.MatchString(name) || len(args) == 1 && strings.HasPrefix(name, args[0]) {
			return log, nil
		}
		names = append(names, strings.TrimSuffix(name, ".log"))
	}
	if len(args) == 0 {
		return "", cli.UsageError{Err: errors.New(
			"no run has changed something yet: there is no log of a command that changes hosts, such as up")}
	}
	text := fmt.Sprintf("%s is no file, and no log of the cluster is named so", args[0])
	if len(names) > 0 {
		text += "; the last ones are " + strings.Join(names[:min(len(names), 5)], ", ")
	}
	return "", cli.UsageError{Err: errors.New(text)}
}

// logsOf are the paths of the logs of the cluster of an inventory, the oldest first.
func logsOf(inventoryFile string) ([]string, error) {
	cluster, err := inventory.Load(inventoryFile, component.Rules())
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	dir, err := report.LogDir(cluster.Name)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var logs []string
	for _, e := range entries { // their names sort by time
		if filepath.Ext(e.Name()) == ".log" {
			logs = append(logs, filepath.Join(dir, e.Name()))
		}
	}
	return logs, nil
}
