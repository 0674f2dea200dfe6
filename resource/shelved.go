package resource

import (
	"context"
	"path/filepath"

	"kbootstrap/host"
)

// Shelved is a file or a directory that is in its place, or was moved aside, next to it. Nothing of
// it is lost.
type Shelved struct {
	Path   string // "/var/lib/etcd/member"
	Shelf  string // what it is called aside: "member.lost-20260102T030405Z"
	Absent bool   // it is not in its place
}

// ID is "shelved PATH".
func (s Shelved) ID() string { return "shelved " + s.Path }

// State is "in its place" or empty.
func (s Shelved) State() string { return States(Flag("in its place", !s.Absent)) }

// Observe looks for it in its place.
func (s Shelved) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found := s
	found.Absent = !sys.Exists(s.Path)
	return found, nil
}

// Apply moves it aside, or back.
func (s Shelved) Apply(_ context.Context, sys *host.System) error {
	path, shelf := sys.Path(s.Path), sys.Path(filepath.Join(filepath.Dir(s.Path), s.Shelf))
	if !s.Absent {
		path, shelf = shelf, path
	}
	if sys.Exists(s.Path) != s.Absent {
		return nil
	}
	if err := sys.Rename(path, shelf); err != nil {
		return err
	}
	return sys.Sync(filepath.Dir(path))
}
