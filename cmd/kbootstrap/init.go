package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/examples/vagrant"
	"kbootstrap/inventory"
)

// initFlags are the flags of init.
type initFlags struct {
	output, from, key, hostKey                       string
	force, vagrant, offline, quiet, verbose, askSudo bool
}

// initCommand writes an inventory to start from.
func initCommand(a *app) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init [HOST... | FILE]",
		Short: "Write a commented inventory to start from, or one of the hosts that are there",
		Long: `Write a commented inventory for one control plane and two workers, as Vagrant makes them. The inventory is
valid as it is. Its JSON Schema, which editors with the YAML language server find by a comment of the inventory, is
written to ` + inventory.SchemaFile + ` next to it.

With --from the inventory is made of hosts that are there:

  --from vagrant [MACHINE...]    Vagrant's machines, by "vagrant ssh-config" in the working directory
  --from ansible FILE            an inventory of Ansible, INI or YAML; the groups of kubespray become roles
  --from ssh HOST...             what you would type after ssh, or user@host:port

The hosts are asked, by the connection that all verbs use, for their names and addresses: the address in the
cluster is the one in a network that all hosts share. Nothing is changed on them but that the tool leaves its
own program there, as plan does. Keys of hosts that are not known are asked about, or judged as --host-key
says. Roles come from groups, from names such as cp1 and master-2, or else the first host is the control
plane, and the first three of six or more. --offline asks no host. What remains open is a comment in the
file that begins with TODO; the exit code is 6 then.

--vagrant writes a Vagrantfile for VirtualBox and libvirt instead.`,
		Example: `  kbootstrap init
  kbootstrap init -o - | less
  kbootstrap init --vagrant && vagrant up && kbootstrap init --from vagrant --host-key accept-new
  kbootstrap init --from ansible inventory/mycluster/hosts.yaml
  kbootstrap init --from ssh admin@10.0.0.11 admin@10.0.0.12`,
		Args: cli.Args(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return cli.UsageError{Err: err}
			}
			switch {
			case f.vagrant:
				return a.initVagrantfile(c, &f)
			case f.from != "":
				return a.initFrom(c.Context(), &f, args)
			}
			return a.writeInventory(f, inventory.Template(), "edit it, then: kbootstrap validate -i "+f.output)
		},
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "hosts.yaml", `file to write; "-" is standard output`)
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite the file if it exists")
	cmd.Flags().BoolVar(&f.vagrant, "vagrant", false, "write a Vagrantfile")
	f.bindFrom(cmd)
	return cmd
}

// check refuses flags and arguments that do not belong together.
func (f *initFlags) check(args []string) error {
	switch {
	case f.vagrant && f.from != "":
		return errors.New("--vagrant writes a Vagrantfile, --from an inventory: give one of the two")
	case f.from == "" && len(args) > 0:
		return fmt.Errorf("%q: say with --from what it is", args[0])
	case f.from == "ansible" && len(args) != 1:
		return errors.New("--from ansible takes one file")
	case f.from == "ssh" && len(args) == 0:
		return errors.New("--from ssh takes hosts, such as admin@10.0.0.11")
	case f.key != "" && f.from != "ssh":
		return errors.New("--key goes with --from ssh: the others name their keys")
	case f.from == "" && (f.offline || f.hostKey != ""):
		return errors.New("--offline and --host-key go with --from")
	}
	return nil
}

// initVagrantfile writes the Vagrantfile of the examples.
func (a *app) initVagrantfile(c *cobra.Command, f *initFlags) error {
	if !c.Flags().Changed("output") {
		f.output = "Vagrantfile"
	}
	return a.writeInit(*f, vagrant.Vagrantfile(), "edit it, then: vagrant up && kbootstrap init --from vagrant")
}

// writeInit writes a text to the file, and says what to do next.
func (a *app) writeInit(f initFlags, text, next string) error {
	if f.output == "-" {
		_, err := fmt.Fprint(a.stdout, text)
		return err
	}
	if err := writeNew(f.output, text, f.force); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "kbootstrap: wrote %s; %s\n", f.output, next)
	return nil
}

// writeInventory writes an inventory to the file, and its schema next to it.
func (a *app) writeInventory(f initFlags, text, next string) error {
	if err := a.writeInit(f, text, next); err != nil || f.output == "-" {
		return err
	}
	return writeSchemaFor(f.output)
}

// writeNew writes a file that must not exist yet, unless force.
func writeNew(path, content string, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return cli.UsageError{Err: existing(path)}
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}

// existing is the error for a file that exists already.
type existing string

func (e existing) Error() string { return string(e) + " exists already" }
func (e existing) Hint() string  { return "--force overwrites it; -o writes another file" }
