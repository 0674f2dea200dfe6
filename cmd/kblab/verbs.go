package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/workshop/lab"
)

func addCommand(s cli.Streams, dir *string) *cobra.Command {
	var name, address, image string
	var spare bool
	cmd := &cobra.Command{
		Use: "add", Short: "Boot one more worker", Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var wanted netip.Addr
			if address != "" {
				var err error
				if wanted, err = netip.ParseAddr(address); err != nil {
					return cli.UsageError{Err: err}
				}
			}
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			h, err := l.Add(cmd.Context(), name, wanted, spare, image)
			if err != nil {
				return err
			}
			fmt.Fprint(s.Out, h.Snippet())
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the host (default the next free one)")
	cmd.Flags().StringVar(&address, "address", "", "its address on the cluster's network (default the next free one)")
	cmd.Flags().StringVar(&image, "image", "", "its system (default that of the lab)")
	cmd.Flags().BoolVar(&spare, "spare", false, "leave it out of hosts.yaml")
	return cmd
}

func lsCommand(s cli.Streams, dir *string) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "ls", Short: "List the hosts", Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if output != "" && output != "json" {
				return cli.UsageError{Err: fmt.Errorf("unknown output %q, want json", output)}
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
				encoder := json.NewEncoder(s.Out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(hosts)
			}
			return printHosts(s.Out, hosts)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", `"json" for machines`)
	return cmd
}

func execCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "exec HOST -- COMMAND...", Short: "Run a command as root in a host", Args: cli.Args(cobra.MinimumNArgs(2)),
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
			// It takes this process's place, so that terminal, signals and exit code are the
			// command's own.
			return fmt.Errorf("%s: %w", cmd.Path, syscall.Exec(cmd.Path, cmd.Args, os.Environ()))
		},
	}
}

func downCommand(s cli.Streams, dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Remove the lab and all that belongs to it", Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := lab.Down(cmd.Context(), *dir); err != nil {
				return err
			}
			if rest, err := os.ReadDir(*dir); err == nil {
				fmt.Fprintf(s.Err, "kblab: %s stays, %d entries in it are not the lab's\n", *dir, len(rest))
			} else if !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		},
	}
}

func removeCommand(dir *string) *cobra.Command {
	return powerCommand(dir, "remove", "Remove one host, with its disk", (*lab.Lab).Remove)
}

func stopCommand(dir *string) *cobra.Command {
	return powerCommand(dir, "stop", "Power a host off cleanly", (*lab.Lab).Stop)
}

func startCommand(dir *string) *cobra.Command {
	return powerCommand(dir, "start", "Power a host on", (*lab.Lab).Start)
}

func killCommand(dir *string) *cobra.Command {
	return powerCommand(dir, "kill", "Pull a host's plug", (*lab.Lab).Kill)
}

// powerCommand is a verb on one host.
func powerCommand(dir *string, verb, short string, do func(*lab.Lab, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " HOST", Short: short, Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			return do(l, cmd.Context(), args[0])
		},
	}
}

// printHosts prints the hosts of a lab as a table.
func printHosts(out io.Writer, hosts []lab.Host) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tADDRESS\tSSH\tSTATE\tIMAGE\tROLES")
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
		fmt.Fprintf(w, "%s\t%s\t127.0.0.1:%d\t%s\t%s\t%s\n", h.Name, h.Address, h.SSHPort, power, h.Image, roles)
	}
	return w.Flush()
}
