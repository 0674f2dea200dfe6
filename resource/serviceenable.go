package resource

import (
	"context"

	"kbootstrap/host"
)

// enable makes or removes the links in *.wants by systemctl's own hand, without systemd: asked to
// do it, systemd would take every unit for outdated until it is reloaded.
func (s Service) enable(ctx context.Context, sys *host.System) error {
	verb := "enable"
	if !s.Enabled {
		verb = "disable"
	}
	_, err := sys.Change(ctx, "systemctl", "--root="+string(sys.Root), verb, s.Name)
	return err
}

// checkEnabled makes systemd look again when it remembers of a unit in its memory what was.
func (s Service) checkEnabled(ctx context.Context, sys *host.System) error {
	u, err := sys.Unit(ctx, s.Name)
	if err != nil || u.Enabled() == s.Enabled {
		return err
	}
	_, err = sys.Change(ctx, "systemctl", "daemon-reload")
	return err
}
