package kinds

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// Originals are the records of how things were before the tool first changed them. They are wanted
// only as Absent, by reset: then each resource is as it was, and its record is used up.
type Originals struct {
	// Keep says which records stay, by the words with which a resource's ID begins: "swap" is all
	// swap, "service docker" one service.
	Keep   []string
	Absent bool     // there are no records but those that stay
	Found  []string // only in a found value: the IDs of the recorded resources, in the order of the first changes
	Theirs []string `json:",omitempty"` // only in a found value: those of Found that were there before
}

// ID is "originals".
func (o Originals) ID() string { return "originals" }

// State lists what is recorded and does not stay.
func (o Originals) State() string { return resource.Listed(o.Absent, o.Found) }

// Observe lists the records. One that cannot be read is listed too: putting it back says why.
func (o Originals) Observe(_ context.Context, sys *host.System) (resource.Resource, error) {
	found := Originals{Keep: o.Keep}
	names, err := records(sys)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		r, err := readRecord(sys.Path(host.BeforeDir + "/" + name))
		switch {
		case err != nil:
			found.Found = append(found.Found, "unreadable record "+name)
		case !o.keeps(r.found):
			found.Found = append(found.Found, r.found.ID())
			if r.found.State() != "" {
				found.Theirs = append(found.Theirs, r.found.ID())
			}
		}
	}
	// A run that was cut off at the very end has left the large files of records that are used up.
	if len(names) == 0 && sys.Exists(host.BeforeDir) {
		found.Found = []string{"remains of " + host.BeforeDir}
	}
	found.Absent = len(found.Found) == 0
	return found, nil
}

// Apply puts back what is recorded.
func (o Originals) Apply(ctx context.Context, sys *host.System) error {
	return o.ApplyEach(ctx, sys, nil)
}

// ApplyEach is Apply; each resource that was put back is reported.
func (o Originals) ApplyEach(ctx context.Context, sys *host.System, report func(resource.Change)) error {
	if o.Absent {
		return Restore(ctx, sys, o.keeps, report)
	}
	found, err := o.Observe(ctx, sys)
	if err == nil && found.State() == "" {
		err = errors.New("a record that was used up cannot be put back")
	}
	return err
}

// keeps reports whether the record of a resource stays.
func (o Originals) keeps(r resource.Resource) bool {
	return slices.ContainsFunc(o.Keep, func(words string) bool { return strings.HasPrefix(r.ID()+" ", words+" ") })
}

// Restore puts everything back as it was before the tool first changed it, and forgets it: first it
// removes what was not there, newest first, so that a service stops before its files go; then it
// restores what was there, oldest first, so that a service finds its files. It leaves what skip
// says (skip may be nil), goes on after a failure, and returns all failures; what could not be put
// back stays on record.
func Restore(
	ctx context.Context, sys *host.System, skip func(resource.Resource) bool, report func(resource.Change),
) error {
	return restore(ctx, sys, skip, report, true)
}

// restore is Restore, which after a failure goes on or not.
func restore(
	ctx context.Context, sys *host.System, skip func(resource.Resource) bool, report func(resource.Change), goOn bool,
) error {
	names, err := records(sys)
	if err != nil {
		return err
	}
	var problems []error
	var fresh, older []record
	for _, name := range names {
		r, err := readRecord(sys.Path(host.BeforeDir + "/" + name))
		switch {
		case err != nil:
			problems = append(problems, err)
		case skip != nil && skip(r.found):
		case r.found.State() == "":
			fresh = append(fresh, r)
		default:
			older = append(older, r)
		}
	}
	slices.Reverse(fresh)
	for _, r := range slices.Concat(fresh, older) {
		if err := sys.Interrupted(ctx); err != nil {
			return errors.Join(append(problems, err)...)
		}
		if problems != nil && !goOn {
			break
		}
		if err := r.restore(ctx, sys, report); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", r.found.ID(), err))
		}
	}
	if names, err = records(sys); err == nil && len(names) == 0 {
		err = forgetRecords(sys)
	}
	return errors.Join(append(problems, err)...)
}

// forgetRecords removes the directory of records, and it stays removed after a power cut.
func forgetRecords(sys *host.System) error {
	if !sys.Exists(host.BeforeDir) {
		return nil
	}
	dir := sys.Path(host.BeforeDir)
	if err := sys.RemoveAll(dir); err != nil {
		return err
	}
	return sys.Sync(filepath.Dir(dir))
}
