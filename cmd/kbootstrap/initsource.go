package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
	"kbootstrap/provision/draft"
)

// source reads where the hosts come from.
func (f *initFlags) source(ctx context.Context, args []string) (draft.Source, error) {
	var s draft.Source
	var err error
	switch f.from {
	case "vagrant":
		var output []byte
		if output, err = vagrantConfig(ctx, args); err == nil {
			s, err = draft.Vagrant(output)
		}
	case "ansible":
		s, err = ansibleFile(args[0])
	default:
		s, err = draft.Names(args, f.key)
	}
	if err == nil {
		return s, absoluteKeys(s.Hosts)
	}
	if ctx.Err() == nil {
		err = cli.UsageError{Err: err}
	}
	return s, err
}

// absoluteKeys makes the paths of keys absolute: they are relative to the working directory, and
// the inventory may be written elsewhere.
func absoluteKeys(hosts []draft.Host) error {
	for i := range hosts {
		key := &hosts[i].SSH.Key
		if *key == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(*key, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return err
			}
			*key = filepath.Join(home, rest)
		}
		var err error
		if *key, err = filepath.Abs(*key); err != nil {
			return err
		}
	}
	return nil
}

// vagrantLimit is how long Vagrant may take: it starts Ruby and asks a hypervisor for each machine.
const vagrantLimit = 3 * time.Minute

// vagrantConfig asks Vagrant how to log in to its machines.
func vagrantConfig(ctx context.Context, machines []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, vagrantLimit)
	defer cancel()
	c := exec.CommandContext(ctx, "vagrant", append([]string{"ssh-config"}, machines...)...)
	c.Env = append(os.Environ(), "VAGRANT_CHECKPOINT_DISABLE=1", "VAGRANT_NO_COLOR=1")
	output, err := c.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return output, nil
	case ctx.Err() != nil:
		return nil, fault.ForeignInventory.Errorf("vagrant ssh-config did not end within %s: %w", vagrantLimit,
			ctx.Err())
	case errors.As(err, &exit):
		return nil, fault.ForeignInventory.Errorf("vagrant ssh-config: %w: %s", err, human.OneLine(string(exit.Stderr)))
	}
	return nil, fault.ForeignInventory.Errorf("vagrant ssh-config: %w", err)
}

// ansibleFile reads an inventory of Ansible. Variables in files of their own next to it are not
// read, and the inventory says so.
func ansibleFile(path string) (draft.Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return draft.Source{}, fault.ForeignInventory.Wrap(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, inventory.MaxBytes+1))
	if err != nil {
		return draft.Source{}, fault.ForeignInventory.Wrap(err)
	}
	s, err := draft.Ansible(path, data)
	for _, name := range []string{"group_vars", "host_vars"} {
		if _, missing := os.Stat(filepath.Join(filepath.Dir(path), name)); missing == nil {
			s.Remarks = append(s.Remarks, "The variables in "+name+" were not read. If logging in depends on them, "+
				"take what ansible-inventory --list --yaml prints.")
		}
	}
	return s, err
}
