package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// Before is the note of what a directory of data held before a program of ours first wrote there.
// It is made before the program is started, once: reset leaves what it names (see Data).
type Before struct {
	Path string
	// Unit is the service whose program fills the directory. Where an older version of the tool
	// brought it without a note, what was made after the unit came is taken for the program's.
	Unit   string
	Absent bool // there is no note
}

// ID is "before PATH".
func (b Before) ID() string { return "before " + b.Path }

// State is the same for every note: it is made once, and then true for good.
func (b Before) State() string { return resource.States(resource.Flag("on record", !b.Absent)) }

// Observe looks for the note.
func (b Before) Observe(_ context.Context, sys *host.System) (resource.Resource, error) {
	_, err := os.Stat(sys.Path(notePath(b.Path)))
	if err != nil && !host.Absent(err) {
		return nil, err
	}
	return Before{Path: b.Path, Unit: b.Unit, Absent: err != nil}, nil
}

// Apply makes the note, if there is none yet, or removes it.
func (b Before) Apply(_ context.Context, sys *host.System) error {
	path := sys.Path(notePath(b.Path))
	if b.Absent {
		return sys.RemoveFile(path)
	}
	if sys.Exists(notePath(b.Path)) {
		return nil
	}
	found, err := before(sys, b.Path, b.Unit)
	if err != nil {
		return err
	}
	data, err := json.Marshal(found)
	if err != nil {
		return err
	}
	if err := sys.PrivateDirs(host.DataDir); err != nil {
		return err
	}
	return sys.WriteOwn(path, data, 0o600)
}

// note is what a directory held before.
type note struct {
	Path    string
	Was     bool     // the directory was there
	Entries []string // the names of what was in it
	Mounts  []string // what was mounted below it
}

func notePath(dir string) string {
	return host.DataDir + "/" + resource.Sum([]byte(dir))[:16] + ".json"
}

// noteOf reads the note of a directory. Where there is none, it returns what the note would say
// now, and reports false.
func noteOf(sys *host.System, dir, unit string) (note, bool, error) {
	var n note
	data, err := os.ReadFile(sys.Path(notePath(dir)))
	if host.Absent(err) {
		n, err = before(sys, dir, unit)
		return n, false, err
	}
	if err == nil {
		err = json.Unmarshal(data, &n)
	}
	if err == nil && n.Path != dir {
		err = errors.New("the note is about " + n.Path)
	}
	if err != nil {
		return note{}, false, fmt.Errorf("note of %s: %w", dir, err)
	}
	return n, true, nil
}

// before finds out what was in a directory before the unit came. Where the unit is not here yet,
// that is what is in it. Where an older version of the tool has brought it, the records tell: a
// directory that was not there when the tool first made it was not there, and what the file system
// says to be younger than the unit is the unit's. All else was there: in doubt it is not ours.
func before(sys *host.System, dir, unit string) (note, error) {
	n := note{Path: dir}
	path := sys.Path(dir)
	if _, err := os.Lstat(path); host.Absent(err) {
		return n, nil
	}
	was, err := recorded(sys, resource.Dir{Path: dir})
	if err != nil {
		return n, err
	}
	if was.found != nil && was.found.State() == "" {
		return n, nil
	}
	came, err := recorded(sys, resource.File{Path: "/etc/systemd/system/" + unit})
	if err != nil {
		return n, err
	}
	young := func(path string) bool {
		born, known := host.Born(path)
		return !came.at.IsZero() && known && born.After(came.at)
	}
	if young(path) {
		return n, nil
	}
	n.Was = true
	entries, err := os.ReadDir(path)
	if err != nil && !host.Absent(err) { // a link that leads nowhere
		return n, err
	}
	for _, e := range entries {
		made, err := madeByUs(sys, filepath.Join(dir, e.Name()))
		if err != nil {
			return n, err
		}
		if !made && !young(filepath.Join(path, e.Name())) {
			n.Entries = append(n.Entries, e.Name())
		}
	}
	if came.at.IsZero() {
		found, err := resource.Mounts{Under: dir}.Points(sys)
		if err != nil {
			return n, err
		}
		n.Mounts = found
	}
	return n, nil
}

// madeByUs reports whether the records say that nothing was at a path when the tool first changed
// it.
func madeByUs(sys *host.System, path string) (bool, error) {
	for _, r := range []resource.Resource{
		resource.File{Path: path}, resource.Dir{Path: path}, resource.Link{Path: path},
	} {
		was, err := recorded(sys, r)
		if err != nil || was.found != nil && was.found.State() == "" {
			return err == nil, err
		}
	}
	return false, nil
}

// original is the record of a resource, and when it was made; it is empty where there is none.
type original struct {
	found resource.Resource
	at    time.Time
}

// recorded finds the record of a resource.
func recorded(sys *host.System, r resource.Resource) (original, error) {
	names, err := records(sys)
	if err != nil {
		return original{}, err
	}
	i := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, "-"+recordHash(r)+".json") })
	if i < 0 {
		return original{}, nil
	}
	path := sys.Path(host.BeforeDir + "/" + names[i])
	info, err := os.Stat(path)
	if err != nil {
		return original{}, err
	}
	record, err := readRecord(path)
	return original{record.found, info.ModTime()}, err
}
