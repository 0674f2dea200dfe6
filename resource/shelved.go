package resource

import (
	"context"
	"errors"
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
	if sys.Exists(s.Path) != s.Absent {
		return nil
	}
	from, to := filepath.Base(s.Path), s.Shelf
	if !s.Absent {
		from, to = to, from
	}
	return shelve(sys, filepath.Dir(s.Path), from, to)
}

// supplant puts the data of a member of etcd that lies somewhere on the same disk into the place of
// what is in a data directory, which stays there under the name of the shelf. Cut off between the
// two renames, there is no member, and what is to come is still where it was.
func supplant(sys *host.System, dataDir, fresh, shelf string) error {
	if sys.Exists(dataDir + "/member") {
		if err := shelve(sys, dataDir, "member", shelf); err != nil {
			return err
		}
	}
	if err := sys.Rename(sys.Path(fresh), sys.Path(dataDir+"/member")); err != nil {
		return err
	}
	return sys.Sync(sys.Path(dataDir))
}

// shelve gives what is in a directory another name there, which nothing has. What has it is kept:
// it may be the last data of a cluster.
func shelve(sys *host.System, dir, from, to string) error {
	if sys.Exists(filepath.Join(dir, to)) {
		return errors.New(filepath.Join(dir, to) + " is there already")
	}
	if err := sys.Rename(sys.Path(filepath.Join(dir, from)), sys.Path(filepath.Join(dir, to))); err != nil {
		return err
	}
	return sys.Sync(sys.Path(dir))
}
