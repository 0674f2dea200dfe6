package resource

import (
	"context"
	"strings"

	"kbootstrap/host"
)

// Module is a feature of the kernel that a module brings, or that is built in.
type Module struct {
	Name string
	// Features prove that the feature is there, each of them alone: a path below System.Root, such
	// as /proc/sys/net/bridge, or "filesystem overlay" for a line of /proc/filesystems. They hold
	// on a kernel without modules too. Without any, /sys/module/NAME is the proof.
	Features []string
	Absent   bool
}

// ID is "module NAME".
func (m Module) ID() string { return "module " + m.Name }

// State is "present" or empty.
func (m Module) State() string { return States(Flag("present", !m.Absent)) }

// Observe looks for a proof of the feature.
func (m Module) Observe(_ context.Context, sys *host.System) (Resource, error) {
	there, err := m.there(sys)
	return Module{Name: m.Name, Features: m.Features, Absent: !there}, err
}

// Apply loads the module, or unloads it. What loads it at boot is a File in /etc/modules-load.d.
func (m Module) Apply(ctx context.Context, sys *host.System) error {
	there, err := m.there(sys)
	if err != nil || there == !m.Absent {
		return err
	}
	argv := []string{"modprobe", m.Name}
	if m.Absent {
		argv = []string{"modprobe", "-r", m.Name}
	}
	_, err = sys.Change(ctx, argv...)
	return err
}

func (m Module) there(sys *host.System) (bool, error) {
	features := m.Features
	if len(features) == 0 {
		features = []string{"/sys/module/" + strings.ReplaceAll(m.Name, "-", "_")}
	}
	for _, f := range features {
		if has, err := sys.HasFeature(f); has || err != nil {
			return has, err
		}
	}
	return false, nil
}
