package resource

import (
	"context"
	"errors"
	"os"
	"slices"

	"kbootstrap/host"
)

// Strays are what lies in a directory of the tool's own and is not the tool's. They are wanted only
// as Absent: whoever reads the directory must find nothing else there.
type Strays struct {
	Dir    string   // absolute, below System.Root
	Keep   []string // the names that are the tool's
	Absent bool
	Found  []string // only in a found value: the names of the others
}

// ID is "strays in DIR".
func (s Strays) ID() string { return "strays in " + s.Dir }

// State lists the names.
func (s Strays) State() string { return Listed(s.Absent, s.Found) }

// Observe lists the names.
func (s Strays) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found := Strays{Dir: s.Dir, Keep: s.Keep}
	entries, err := os.ReadDir(sys.Path(s.Dir))
	if err != nil && !host.Absent(err) {
		return nil, err
	}
	for _, e := range entries {
		if !slices.Contains(s.Keep, e.Name()) {
			found.Found = append(found.Found, e.Name())
		}
	}
	found.Absent = len(found.Found) == 0
	return found, nil
}

// Apply removes them.
func (s Strays) Apply(ctx context.Context, sys *host.System) error {
	found, err := s.Observe(ctx, sys)
	if err != nil {
		return err
	}
	now, _ := found.(Strays)
	if !s.Absent {
		if now.Absent {
			return errors.New("what was removed from " + s.Dir + " cannot be put back")
		}
		return nil
	}
	if now.Absent {
		return nil
	}
	if err := sys.Mark(); err != nil {
		return err
	}
	for _, name := range now.Found {
		if err := sys.RemoveAll(sys.Path(s.Dir + "/" + name)); err != nil {
			return err
		}
	}
	return sys.Sync(sys.Path(s.Dir))
}
