package resource

import (
	"context"
	"errors"
	"net"
	"slices"

	"kbootstrap/host"
)

// NIC is a network interface. It is wanted only as Absent, by reset.
type NIC struct {
	Name   string // "flannel.1"
	Absent bool
}

// ID is "interface NAME".
func (n NIC) ID() string { return "interface " + n.Name }

// State is "present" or empty.
func (n NIC) State() string { return States(Flag("present", !n.Absent)) }

// Observe asks the kernel.
func (n NIC) Observe(context.Context, *host.System) (Resource, error) {
	there, err := n.there()
	return NIC{Name: n.Name, Absent: !there}, err
}

func (n NIC) there() (bool, error) {
	list, err := net.Interfaces()
	return slices.ContainsFunc(list, func(found net.Interface) bool { return found.Name == n.Name }), err
}

// Apply deletes the interface. One that was deleted comes back with the program that made it.
func (n NIC) Apply(ctx context.Context, sys *host.System) error {
	there, err := n.there()
	switch {
	case err != nil || there == !n.Absent:
		return err
	case !n.Absent:
		return errors.New("an interface that was deleted cannot be put back")
	}
	_, err = sys.Change(ctx, "ip", "link", "delete", "dev", n.Name)
	return err
}
