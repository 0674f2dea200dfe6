package kinds

import (
	"context"
	"errors"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// Former are the things in a directory that the tool has changed once, and wants no more. They are
// wanted only as Absent: then each is as it was before the tool first changed it, and what others
// have in the directory stays.
type Former struct {
	Dir    string   // absolute, below System.Root
	Keep   []string // the IDs of what the tool wants there
	Absent bool     // there are none
	Found  []string // only in a found value: the IDs of the others, in the order of the first changes
}

// ID is "former things in DIR".
func (f Former) ID() string { return "former things in " + f.Dir }

// State lists them.
func (f Former) State() string { return resource.Listed(f.Absent, f.Found) }

// Observe finds them by the records of how things were. Where there is no directory, there are
// none.
func (f Former) Observe(_ context.Context, sys *host.System) (resource.Resource, error) {
	found := Former{Dir: f.Dir, Keep: f.Keep}
	var names []string
	var err error
	if sys.Exists(f.Dir) {
		names, err = records(sys)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		// One that cannot be read is for reset to tell of: nothing says that it is about this
		// directory.
		if r, err := readRecord(sys.Path(host.BeforeDir + "/" + name)); err == nil && f.isFormer(r.found) {
			found.Found = append(found.Found, r.found.ID())
		}
	}
	found.Absent = len(found.Found) == 0
	return found, nil
}

// isFormer reports whether a resource lies in the directory and is not wanted.
func (f Former) isFormer(r resource.Resource) bool {
	_, path, _ := strings.Cut(r.ID(), " ")
	switch r.(type) {
	case resource.File, resource.Dir, resource.Link:
		return strings.HasPrefix(path, f.Dir+"/") && !slices.Contains(f.Keep, r.ID())
	}
	return false
}

// Apply puts them back.
func (f Former) Apply(ctx context.Context, sys *host.System) error { return f.ApplyEach(ctx, sys, nil) }

// ApplyEach is Apply; each resource that was put back is reported.
func (f Former) ApplyEach(ctx context.Context, sys *host.System, report func(resource.Change)) error {
	if f.Absent {
		// What comes after a failure waits for the next run: a directory that was made counts as
		// gone when it is not empty.
		return restore(ctx, sys, func(r resource.Resource) bool { return !f.isFormer(r) }, report, false)
	}
	found, err := f.Observe(ctx, sys)
	if err == nil && found.State() == "" {
		err = errors.New("a record that was used up cannot be put back")
	}
	return err
}
