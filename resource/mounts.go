package resource

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Mounts are the file systems that are mounted below a directory. One that is mounted on the
// directory itself, such as a disk of its own for /var/lib/etcd, is the operator's and stays. They
// are wanted only as Absent, by reset.
type Mounts struct {
	Under  string // "/var/lib/kubelet"
	Absent bool
	// Prefix limits it to mount points whose names directly below begin so: "cni-".
	Prefix string   `json:",omitempty"`
	Keep   []string `json:",omitempty"` // mount points that stay
	Found  []string // only in a found value: the mount points
}

// ID is "mounts UNDER".
func (m Mounts) ID() string { return "mounts " + m.Under }

// State lists the mount points.
func (m Mounts) State() string { return Listed(m.Absent, m.Found) }

// Observe reads the kernel's list of mounts.
func (m Mounts) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found, err := m.points(sys)
	m.Absent, m.Found = len(found) == 0, found
	return m, err
}

// Apply unmounts what is there, the newest first.
func (m Mounts) Apply(ctx context.Context, sys *host.System) error {
	points, err := m.points(sys)
	if err != nil {
		return err
	}
	if !m.Absent {
		if len(points) == 0 {
			return errors.New("a file system that was unmounted cannot be put back")
		}
		return nil
	}
	for len(points) > 0 {
		// One at a time: what is mounted in several places goes in all of them at once.
		point := points[len(points)-1]
		if _, err := sys.Change(ctx, "umount", point); err != nil {
			// Still in use: it disappears from the tree now, and from the kernel when the last user
			// is gone.
			if _, err := sys.Change(ctx, "umount", "--lazy", point); err != nil {
				return err
			}
		}
		was := len(points)
		if points, err = m.points(sys); err != nil {
			return err
		}
		if len(points) >= was {
			return fmt.Errorf("%s: unmounted, and still there", point)
		}
	}
	return nil
}

// Points lists the mount points, in the order in which they were mounted.
func (m Mounts) Points(sys *host.System) ([]string, error) { return m.points(sys) }

// points lists the mount points below, in the order in which they were mounted.
func (m Mounts) points(sys *host.System) ([]string, error) {
	// The kernel names real paths.
	under, err := filepath.EvalSymlinks(sys.Path(m.Under))
	if host.Absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := sys.MountPoints()
	return slices.DeleteFunc(all, func(point string) bool {
		below, isBelow := strings.CutPrefix(point, strings.TrimSuffix(under, "/")+"/")
		return !isBelow || point == under || !strings.HasPrefix(below, m.Prefix) || slices.Contains(m.Keep, point)
	}), err
}
