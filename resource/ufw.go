package resource

import (
	"context"
	"errors"

	"kbootstrap/host"
)

// UFW reports whether ufw filters packets, now or at boot. Its rules drop what pods send and what
// hosts send each other, whatever kube-proxy and flannel accept.
type UFW struct{ On bool }

// ID is "ufw".
func (u UFW) ID() string { return "ufw" }

// State is "filters packets" or empty.
func (u UFW) State() string { return States(Flag("filters packets", u.On)) }

// Observe reads what ufw has noted, and asks the packet filter.
func (u UFW) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	return UFW{On: sys.UFW(ctx)}, nil
}

// Apply has ufw turn itself on or off, now and at boot. The rules of the host's owner stay in its
// files. --force is for the question whether connections of SSH may be lost.
func (u UFW) Apply(ctx context.Context, sys *host.System) error {
	if sys.UFW(ctx) == u.On {
		return nil
	}
	if !u.On {
		return u.turnOff(ctx, sys)
	}
	_, err := sys.Change(ctx, "ufw", "--force", "enable")
	if err != nil {
		// It sets policies first: one that ends in the middle drops everything, this session too.
		err = errors.Join(err, u.turnOff(ctx, sys))
	}
	return err
}

func (u UFW) turnOff(ctx context.Context, sys *host.System) error {
	_, err := sys.Change(ctx, "ufw", "--force", "disable")
	return err
}
