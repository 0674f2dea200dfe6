package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"kbootstrap/host"
)

// Sysctl is a running kernel parameter, in /proc/sys. What sets it at boot is a File in
// /etc/sysctl.d.
type Sysctl struct {
	Key   string // "net.ipv4.ip_forward"
	Value string // "" when the kernel has no such parameter
}

// ID is "sysctl KEY".
func (s Sysctl) ID() string { return "sysctl " + s.Key }

// State shows the value. The kernel puts tabs between numbers; people write blanks.
func (s Sysctl) State() string {
	return States(property("value", strings.Join(strings.Fields(s.Value), " ")))
}

// Observe reads the value from /proc/sys.
func (s Sysctl) Observe(_ context.Context, sys *host.System) (Resource, error) {
	value, err := sys.Read(s.path())
	return Sysctl{Key: s.Key, Value: strings.TrimSpace(value)}, err
}

// Apply writes the value. A parameter that the kernel does not have cannot be made; one that it did
// not have when it was observed came with a module, and goes with it.
func (s Sysctl) Apply(_ context.Context, sys *host.System) error {
	if s.Value == "" {
		return nil
	}
	// Never O_CREATE: below a test's root a wrong key would become a file.
	path := sys.Path(s.path())
	return sys.Step(host.Step{Op: host.OpWrite, Path: path}, func() error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return fmt.Errorf("no such parameter in this kernel, or its module is not loaded: %w", err)
		}
		_, err = f.WriteString(s.Value + "\n")
		return errors.Join(err, f.Close())
	})
}

// path is the parameter's file. As in sysctl(8), the first separator tells which of '.' and '/'
// separates: an interface's name may have a dot in it, net/ipv4/conf/eth0.1/forwarding.
func (s Sysctl) path() string {
	key := s.Key
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '.' {
		key = strings.NewReplacer(".", "/", "/", ".").Replace(key)
	}
	return "/proc/sys/" + key
}
