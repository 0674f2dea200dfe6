package resource

import (
	"context"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Bootstrapped is the mark of an etcd member that has joined its cluster. With the mark goes the
// permission to found one (see Member), which must not outlive the cluster's first minute.
type Bootstrapped struct {
	Unit    string // "etcd.service"
	Marker  string // "/etc/etcd/bootstrapped"; its content is the token
	Token   string // the cluster's token
	Allowed bool   // only in a found value: the unit may still found a cluster
	Absent  bool   // there is no mark
}

// ID is "bootstrapped UNIT".
func (b Bootstrapped) ID() string { return "bootstrapped " + b.Unit }

// State shows the mark, and the permission if it is still there.
func (b Bootstrapped) State() string {
	mark := ""
	if !b.Absent {
		mark = "token " + b.Token
	}
	return States(mark, Flag("bootstrapping allowed", b.Allowed))
}

// Observe reads the mark and looks for the permission.
func (b Bootstrapped) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	token, err := sys.Read(b.Marker)
	if err != nil {
		return nil, err
	}
	found := Bootstrapped{Unit: b.Unit, Marker: b.Marker, Token: strings.TrimSpace(token), Absent: token == ""}
	found.Allowed = sys.Exists(bootstrapDropIn(b.Unit))
	if found.Allowed || found.Absent {
		return found, nil
	}
	// A run may have been cut off before systemd was told: the unit that it holds in memory still
	// has the permission.
	u, err := sys.Unit(ctx, b.Unit)
	found.Allowed = slices.Contains(u.DropIns, bootstrapDropIn(b.Unit))
	return found, err
}

// Apply sets the mark, then takes the permission away: cut off between the two, the next run sees
// the permission.
func (b Bootstrapped) Apply(ctx context.Context, sys *host.System) error {
	if b.Absent {
		if err := sys.RemoveFile(sys.Path(b.Marker)); err != nil {
			return err
		}
	} else if err := sys.WriteOwn(sys.Path(b.Marker), []byte(b.Token+"\n"), 0o644); err != nil {
		return err
	}
	if b.Allowed {
		return nil // it lies in /run, and Member gives it
	}
	return forbidBootstrap(ctx, sys, b.Unit)
}
