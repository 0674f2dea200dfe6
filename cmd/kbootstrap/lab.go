package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kbootstrap/workshop/lab"
)

// labCommand is the verb with the verbs of the lab below it.
func labCommand(a *app) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "lab",
		Short: "Boot local hosts shaped like Vagrant's, without a hypervisor (Linux, root)",
		Long: `Boot local hosts to try the tool on: systemd-nspawn machines with a real systemd, sshd and firewalld, shaped
like the ones that Vagrant makes with VirtualBox. All of their network is in namespaces of its own.`,
	})
	dir := cmd.PersistentFlags().String("dir", "lab", "where the lab lives")
	cmd.AddCommand(
		labUpCommand(a, dir), labAddCommand(a, dir), labLsCommand(a, dir), labExecCommand(dir), labDownCommand(a, dir),
		labArtifactsCommand(a),
		labPowerCommand(dir, "stop", "Power a host off cleanly", (*lab.Lab).Stop),
		labPowerCommand(dir, "start", "Power a host on", (*lab.Lab).Start),
		labPowerCommand(dir, "kill", "Pull a host's plug", (*lab.Lab).Kill),
	)
	return cmd
}

func labAddCommand(a *app, dir *string) *cobra.Command {
	var name string
	var spare bool
	cmd := &cobra.Command{
		Use: "add", Short: "Boot one more worker", Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			h, err := l.Add(cmd.Context(), name, spare)
			if err != nil {
				return err
			}
			fmt.Fprint(a.stdout, h.Snippet())
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the host (default the next free one)")
	cmd.Flags().BoolVar(&spare, "spare", false, "leave it out of hosts.yaml")
	return cmd
}

func labLsCommand(a *app, dir *string) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "ls", Short: "List the hosts", Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if output != "" && output != "json" {
				return exitError{exitUsage, fmt.Errorf("unknown output %q, want json", output)}
			}
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			hosts, err := l.Hosts()
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(a.stdout)
				encoder.SetIndent("", "  ")
				return encoder.Encode(hosts)
			}
			return a.printLabHosts(hosts)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", `"json" for machines`)
	return cmd
}

func labExecCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "exec HOST -- COMMAND...", Short: "Run a command as root in a host", Args: usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			// The context is not for a process that replaces this one.
			cmd, err := l.Command(context.Background(), args[0], args[1:]...)
			if err != nil {
				return err
			}
			// It takes this process's place, so that terminal, signals and exit code are the command's own.
			return fmt.Errorf("%s: %w", cmd.Path, syscall.Exec(cmd.Path, cmd.Args, os.Environ()))
		},
	}
}

func labDownCommand(a *app, dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Remove the lab and all that belongs to it", Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := lab.Down(cmd.Context(), *dir); err != nil {
				return err
			}
			if rest, err := os.ReadDir(*dir); err == nil {
				fmt.Fprintf(a.stderr, "kbootstrap: %s stays, %d entries in it are not the lab's\n", *dir, len(rest))
			} else if !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		},
	}
}

// labPowerCommand is a verb on one host.
func labPowerCommand(dir *string, verb, short string, do func(*lab.Lab, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " HOST", Short: short, Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			return do(l, cmd.Context(), args[0])
		},
	}
}

func (a *app) printLabHosts(hosts []lab.Host) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tADDRESS\tSSH\tSTATE\tROLES")
	for _, h := range hosts {
		power, roles := "off", "(spare)"
		if h.Running {
			power = "running"
		}
		if !h.Spare {
			roles = ""
			for i, r := range h.Roles {
				if i > 0 {
					roles += ","
				}
				roles += r
			}
		}
		fmt.Fprintf(w, "%s\t%s\t127.0.0.1:%d\t%s\t%s\n", h.Name, h.Address, h.SSHPort, power, roles)
	}
	return w.Flush()
}
