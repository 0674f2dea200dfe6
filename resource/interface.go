package resource

import (
	"context"
	"errors"
	"net"
	"slices"

	"kbootstrap/host"
)

// Interface is a network interface. It is wanted only as Absent, by reset.
type Interface struct {
	Name   string // "flannel.1"
	Absent bool
}

// ID is "interface NAME".
func (i Interface) ID() string { return "interface " + i.Name }

// State is "present" or empty.
func (i Interface) State() string { return states(flag("present", !i.Absent)) }

// Observe asks the kernel.
func (i Interface) Observe(context.Context, *host.System) (Resource, error) {
	there, err := i.there()
	return Interface{Name: i.Name, Absent: !there}, err
}

func (i Interface) there() (bool, error) {
	list, err := net.Interfaces()
	return slices.ContainsFunc(list, func(n net.Interface) bool { return n.Name == i.Name }), err
}

// Apply deletes the interface. One that was deleted comes back with the program that made it.
func (i Interface) Apply(ctx context.Context, sys *host.System) error {
	there, err := i.there()
	switch {
	case err != nil || there == !i.Absent:
		return err
	case !i.Absent:
		return errors.New("an interface that was deleted cannot be put back")
	}
	_, err = sys.Change(ctx, "ip", "link", "delete", "dev", i.Name)
	return err
}
