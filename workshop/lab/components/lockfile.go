package components

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"kbootstrap/internal/atomic"
)

// lockName is the name of the lock file in the mirror's directory.
const lockName = "artifacts.lock"

// lockHeader is the first line of every lock file.
const lockHeader = "# kbootstrap artifact lock\n"

// lockFile is what the mirror holds, as package release reads it. Artifacts of several versions of
// Kubernetes stand in one file, sorted by URL.
type lockFile struct {
	Version   int      `yaml:"version"` // of the format; this is 1
	Artifacts []locked `yaml:"artifacts"`
}

// locked is one artifact of the lock file.
type locked struct {
	URL    string `yaml:"url" json:"url"`
	SHA256 string `yaml:"sha256" json:"sha256"` // hex
	Size   int64  `yaml:"size" json:"size"`     // bytes
}

// mergeLock adds the artifacts to the lock file at path, where they replace those with the same
// URL. The file is written only when something changes. An unreadable file is an error, never
// overwritten: it is what pins the sums.
func mergeLock(path string, added []locked) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := mergedLock(old, added)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if bytes.Equal(old, text) {
		return nil
	}
	return atomic.WriteFile(path, text, 0o644)
}

// mergedLock is the text of the lock file old with the artifacts added. An empty old text is an
// empty lock file.
func mergedLock(old []byte, added []locked) ([]byte, error) {
	l := lockFile{Version: 1}
	if len(old) > 0 {
		if err := yaml.UnmarshalWithOptions(old, &l, yaml.Strict()); err != nil {
			return nil, err
		}
	}
	if l.Version != 1 {
		return nil, fmt.Errorf("version %d of the lock file is not known", l.Version)
	}
	byURL := make(map[string]locked)
	for _, a := range append(l.Artifacts, added...) {
		byURL[a.URL] = a
	}
	l.Artifacts = l.Artifacts[:0]
	for _, a := range byURL {
		l.Artifacts = append(l.Artifacts, a)
	}
	slices.SortFunc(l.Artifacts, func(a, b locked) int { return strings.Compare(a.URL, b.URL) })
	text, err := yaml.MarshalWithOptions(l, yaml.IndentSequence(true))
	if err != nil {
		return nil, err
	}
	return append([]byte(lockHeader), text...), nil
}
