package components

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"kbootstrap/internal/atomic"
)

// mirror is a directory of artifacts. Next to them it has, hidden, a lock against other processes,
// the records of what was built, and the work directory of the build that is going on.
type mirror struct {
	dir string
}

// openMirror makes the directory when there is none.
func openMirror(dir string) (mirror, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return mirror{}, err
	}
	if err := os.MkdirAll(filepath.Join(dir, ".built"), 0o755); err != nil {
		return mirror{}, err
	}
	return mirror{dir}, nil
}

func (m mirror) path(elem ...string) string {
	return filepath.Join(append([]string{m.dir}, elem...)...)
}

// record says that a recipe's artifacts are all in the mirror, and what they are. It is written
// after them.
type record struct {
	Recipe    string   `json:"recipe"` // the recipe's digest
	Artifacts []locked `json:"artifacts"`
	// Upstream says that the artifacts are those that the project publishes, and were not built.
	Upstream bool `json:"upstream,omitempty"`
}

func (m mirror) recordPath(r recipe) string {
	return m.path(".built", r.Name+"-"+r.Version+".json")
}

// record reads what is known of an earlier build of the recipe.
func (m mirror) record(r recipe) (record, error) {
	var rec record
	text, err := os.ReadFile(m.recordPath(r))
	if err != nil {
		return rec, err
	}
	return rec, json.Unmarshal(text, &rec)
}

// has reports whether the mirror holds everything of the recipe, made by the same recipe. It
// compares sizes, not sums: those are for whoever fetches from the mirror to compare. What upstream
// built counts unless it is to be from source.
func (m mirror) has(r recipe, fromSource bool) bool {
	rec, err := m.record(r)
	if err != nil {
		return false
	}
	digest, err := r.digest()
	if err != nil || rec.Recipe != digest || rec.Upstream && fromSource {
		return false
	}
	for _, l := range rec.Artifacts {
		path, err := artifact{URL: l.URL}.path()
		if err != nil {
			return false
		}
		info, err := os.Stat(m.path(path))
		if err != nil || !info.Mode().IsRegular() || info.Size() != l.Size {
			return false
		}
	}
	lacks := 0
	if rec.Upstream && r.BenchmarkOnly != "" {
		lacks = 1
	}
	return len(rec.Artifacts)+lacks == len(r.Artifacts)
}

// isWhole reports whether the mirror has all of the recipes, and its lock file says so.
func (m mirror) isWhole(recipes []recipe, fromSource bool) bool {
	var all []locked
	for _, r := range recipes {
		rec, err := m.record(r)
		if err != nil || !m.has(r, fromSource) {
			return false
		}
		all = append(all, rec.Artifacts...)
	}
	old, err := os.ReadFile(m.path(lockName))
	if err != nil {
		return false
	}
	merged, err := mergedLock(old, all)
	return err == nil && bytes.Equal(old, merged)
}

// build makes the recipe's artifacts aside, moves them into place, adds them to the lock file, and
// records them.
func (m mirror) build(ctx context.Context, r recipe) error {
	// The work directory is within the mirror, so that renames stay on one file system. What a
	// killed process left there goes first: no other process works in it while the mirror is
	// locked.
	work := m.path(".work")
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	defer os.RemoveAll(work)
	source, programs, packed := filepath.Join(work, "source"), filepath.Join(work, "programs"),
		filepath.Join(work, "packed")
	for _, dir := range []string{source, programs, packed} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	digest, err := r.digest()
	if err != nil {
		return err
	}
	if err := r.Source.collect(ctx, source, programs); err != nil {
		return err
	}
	for _, c := range r.Checks {
		if err := c.run(ctx, programs); err != nil {
			return err
		}
	}
	rec := record{Recipe: digest}
	for n, a := range r.Artifacts {
		file := filepath.Join(packed, strconv.Itoa(n))
		if err := a.Packing.pack(ctx, programs, file); err != nil {
			return fmt.Errorf("pack %s: %w", a.URL, err)
		}
		sum, size, err := digestFile(file)
		if err != nil {
			return err
		}
		rec.Artifacts = append(rec.Artifacts, locked{URL: a.URL, SHA256: sum, Size: size})
	}
	return m.publish(r, rec, packed)
}

// publish moves the packed artifacts into place and writes down that they are there. The old record
// goes first: the artifacts of two builds never pass for those of one.
func (m mirror) publish(r recipe, rec record, packed string) error {
	if err := os.RemoveAll(m.recordPath(r)); err != nil {
		return err
	}
	for n, a := range r.Artifacts {
		path, err := a.path()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(m.path(path)), 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(packed, strconv.Itoa(n)), m.path(path)); err != nil {
			return err
		}
	}
	if err := mergeLock(m.path(lockName), rec.Artifacts); err != nil {
		return err
	}
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	return atomic.WriteFile(m.recordPath(r), append(text, '\n'), 0o644)
}

// relock adds what the records of the recipes say to the lock file, in case a user removed or
// replaced it.
func (m mirror) relock(recipes []recipe) error {
	var all []locked
	for _, r := range recipes {
		rec, err := m.record(r)
		if err != nil {
			return fmt.Errorf("record of %s: %w", r, err)
		}
		all = append(all, rec.Artifacts...)
	}
	return mergeLock(m.path(lockName), all)
}

// digestFile returns the file's sha256 in hex and its size in bytes.
func digestFile(name string) (sum string, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
