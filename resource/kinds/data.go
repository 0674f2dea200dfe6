package kinds

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// Data is a directory that programs of ours have filled. It is wanted only as Absent, by reset:
// then it is as it was before them (see Before), so what was there before stays, and what people
// keep there.
type Data struct {
	Path   string
	Unit   string   // as in Before
	People []string // patterns below Path: what people keep there and no program can make again
	// All says that what was there before goes too, and what people keep.
	All    bool
	Absent bool
	Goes   []Part   // only in a found value: what is to be removed
	Stays  []Part   // only in a found value: what stays although it is there
	Mounts []string // only in a found value: the mount points that are to be unmounted
}

// A Part is a file or a directory, and what it takes up.
type Part struct {
	Path  string
	Bytes int64
	More  bool   // it was too large to be counted to the end
	Why   string // it stays
}

// The reasons for which a Part stays.
const (
	WasThere  = "was there before"
	IsUnknown = "nothing shows that it was not there before"
	OfPeople  = "people's data"
)

// countTime bounds how long the size of a directory is counted.
const countTime = 10 * time.Second

// ID is "data PATH".
func (d Data) ID() string { return "data " + d.Path }

// State lists what goes, and next to it what stays.
func (d Data) State() string {
	if d.Absent {
		return ""
	}
	lines := []string{resource.Flag("present", len(d.Goes)+len(d.Mounts) == 0)}
	for _, p := range d.Goes {
		lines = append(lines, p.Path)
	}
	for _, point := range d.Mounts {
		lines = append(lines, "mounted: "+point)
	}
	for _, p := range d.Stays {
		lines = append(lines, "stays: "+p.Path+" ("+p.Why+")")
	}
	return resource.States(lines...)
}

// Observe lists what goes and what stays, with the sizes.
func (d Data) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	found := d
	found.Goes, found.Stays = nil, nil
	goes, stays, err := d.divide(sys)
	if err != nil {
		return nil, err
	}
	mounts, err := d.mounts(sys)
	if err != nil {
		return nil, err
	}
	if found.Mounts, err = mounts.Points(sys); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	found.Goes, found.Stays = measured(ctx, sys, goes), measured(ctx, sys, stays)
	found.Absent = len(goes)+len(found.Mounts) == 0
	return found, nil
}

// measured counts the sizes of parts.
func measured(ctx context.Context, sys *host.System, parts []Part) []Part {
	for i := range parts {
		bytes, whole := host.Space(ctx, sys.Path(parts[i].Path))
		parts[i].Bytes, parts[i].More = bytes, !whole
	}
	return parts
}

// Apply removes what goes. What is mounted there is unmounted first, but for what was mounted
// before: a removal must not reach into a pod's volume.
func (d Data) Apply(ctx context.Context, sys *host.System) error {
	if !d.Absent {
		for _, p := range append([]Part{{Path: d.Path}}, d.Goes...) {
			if _, err := os.Lstat(sys.Path(p.Path)); err != nil {
				return fmt.Errorf("data that was removed cannot be put back: %w", err)
			}
		}
		return nil
	}
	if err := resource.MayRemove(d.Path); err != nil {
		return err
	}
	mounts, err := d.mounts(sys)
	if err != nil {
		return err
	}
	if err := mounts.Apply(ctx, sys); err != nil {
		return err
	}
	goes, _, err := d.divide(sys)
	if err != nil {
		return err
	}
	if err := sys.Mark(); err != nil {
		return err
	}
	for _, p := range goes {
		if err := sys.RemoveAll(sys.Path(p.Path)); err != nil {
			return err
		}
		if err := sys.Sync(filepath.Dir(sys.Path(p.Path))); err != nil { // a power cut would bring it back
			return err
		}
	}
	return nil
}

// mounts are what is mounted below the directory, but for what was mounted before.
func (d Data) mounts(sys *host.System) (resource.Mounts, error) {
	m := resource.Mounts{Under: d.Path, Absent: true}
	if d.All || !sys.Exists(d.Path) {
		return m, nil
	}
	n, _, err := noteOf(sys, d.Path, d.Unit)
	m.Keep = n.Mounts
	return m, err
}

// divide tells what goes from what stays. Both are named as paths of the machine.
func (d Data) divide(sys *host.System) (goes, stays []Part, err error) {
	if _, err := os.Lstat(sys.Path(d.Path)); host.Absent(err) {
		return nil, nil, nil
	}
	n, noted, err := noteOf(sys, d.Path, d.Unit)
	if err != nil {
		return nil, nil, err
	}
	tree := resource.Tree{Path: d.Path, Inside: n.Was}
	if !d.All {
		why := WasThere
		if !noted {
			why = IsUnknown
		}
		for _, name := range n.Entries {
			stays = append(stays, Part{Path: d.Path + "/" + name, Why: why})
		}
		kept, err := d.keptByPeople(sys, n)
		if err != nil {
			return nil, nil, err
		}
		stays = append(stays, kept...)
	}
	stays = slices.DeleteFunc(stays, func(p Part) bool {
		_, err := os.Lstat(sys.Path(p.Path))
		return host.Absent(err)
	})
	for _, p := range stays {
		tree.Keep = append(tree.Keep, p.Path)
	}
	rest, err := tree.Rest(sys)
	for _, path := range rest {
		goes = append(goes, Part{Path: path})
	}
	return goes, stays, err
}

// keptByPeople lists what people keep in the directory, next to what stays anyway.
func (d Data) keptByPeople(sys *host.System, n note) ([]Part, error) {
	var parts []Part
	for _, pattern := range d.People {
		found, err := filepath.Glob(sys.Path(d.Path + "/" + pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			below := strings.TrimPrefix(path, sys.Path(d.Path)+"/")
			top, _, _ := strings.Cut(below, "/")
			info, err := os.Stat(path)
			if err != nil || !info.IsDir() || slices.Contains(n.Entries, top) {
				continue
			}
			parts = append(parts, Part{Path: d.Path + "/" + below, Why: OfPeople})
		}
	}
	return parts, nil
}
