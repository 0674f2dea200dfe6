package release

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"

	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
	"kbootstrap/inventory"
)

// Lock is an artifact lock: the sum of each artifact by its URL, and of the files that are wanted
// in it.
type Lock struct {
	Version   int           `yaml:"version"` // 1 or 2
	Artifacts []LockedEntry `yaml:"artifacts"`
}

// LockedEntry is the sum of one artifact. A lock of version 1 has neither Index nor Members.
type LockedEntry struct {
	URL    string `yaml:"url"`    // upstream's, also when it was fetched from a mirror
	SHA256 string `yaml:"sha256"` // lower case hex
	Size   int64  `yaml:"size"`   // bytes; 0 when not known
	// Index is the sha256 sum of an image's index, by which registries name it, in lower case hex.
	Index string `yaml:"index"`
	// Members are the sha256 sums of the wanted files of an archive or an image, by their paths,
	// and that of the plain form of an image, by plainMember.
	Members map[string]string `yaml:"members"`
}

// lockVersion is the version of the format that is written.
const lockVersion = 2

// maxLock is how many bytes a lock file may have; a real one has about 3 KB for each architecture.
const maxLock = 4 << 20

var (
	sumPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	urlPattern = regexp.MustCompile(`^https://[^\s?#]+$`)
)

// LockPath returns where the lock of an inventory is: the file that it names, or artifacts.lock
// next to it.
func LockPath(c *inventory.Cluster) string {
	if c.Artifacts.Lock != "" {
		return c.Artifacts.Lock
	}
	return filepath.Join(filepath.Dir(c.File), "artifacts.lock")
}

// lockAt returns the lock at a path; one that does not exist has no entries.
func lockAt(path string) (*Lock, error) {
	lock, err := ReadLock(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Lock{}, nil
	}
	return lock, err
}

// ReadLock reads a lock file. The error lists every wrong entry. If the file does not exist, the
// error is fs.ErrNotExist.
func ReadLock(path string) (*Lock, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("artifact lock: %w", err)
	}
	if info.Size() > maxLock {
		return nil, fault.ArtifactLockDamaged.Errorf("artifact lock %s: the file is too large: %d bytes",
			path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("artifact lock: %w", err)
	}
	lock, err := parseLock(text)
	if err != nil {
		return nil, fault.ArtifactLockDamaged.Errorf("artifact lock %s: %w", path, err)
	}
	return lock, nil
}

func parseLock(text []byte) (*Lock, error) {
	lock := &Lock{}
	if err := yaml.UnmarshalWithOptions(text, lock, yaml.Strict()); err != nil {
		return nil, err
	}
	return lock, lock.check()
}

func (l *Lock) check() error {
	if l.Version < 1 || l.Version > lockVersion {
		return fmt.Errorf("version %d is not supported; versions 1 and %d are", l.Version, lockVersion)
	}
	var problems []error
	seen := map[string]bool{}
	for i, e := range l.Artifacts {
		switch {
		case !urlPattern.MatchString(e.URL):
			problems = append(problems, fmt.Errorf("artifacts[%d].url: %q is not an https URL", i, e.URL))
		case seen[e.URL]:
			problems = append(problems, fmt.Errorf("artifacts[%d].url: %s is listed twice", i, e.URL))
		case !sumPattern.MatchString(e.SHA256):
			problems = append(problems, fmt.Errorf("artifacts[%d].sha256: %q is not a sha256 sum in lower case hex",
				i, e.SHA256))
		case e.Size < 0:
			problems = append(problems, fmt.Errorf("artifacts[%d].size: %d is negative", i, e.Size))
		case e.Index != "" && !sumPattern.MatchString(e.Index):
			problems = append(problems, fmt.Errorf("artifacts[%d].index: %q is not a sha256 sum in lower case hex",
				i, e.Index))
		}
		for _, path := range slices.Sorted(maps.Keys(e.Members)) {
			if !sumPattern.MatchString(e.Members[path]) {
				problems = append(problems, fmt.Errorf("artifacts[%d].members.%s: %q is not a sha256 sum in "+
					"lower case hex", i, path, e.Members[path]))
			}
		}
		seen[e.URL] = true
	}
	return errors.Join(problems...)
}

// entries returns the entries by URL.
func (l *Lock) entries() map[string]LockedEntry {
	m := make(map[string]LockedEntry, len(l.Artifacts))
	for _, e := range l.Artifacts {
		m[e.URL] = e
	}
	return m
}

// Write writes the lock to a file in one step: a concurrent reader sees the old lock or the new
// one.
func (l *Lock) Write(path string) error {
	if err := atomic.WriteFile(path, l.text(), 0o644); err != nil {
		return fmt.Errorf("artifact lock: %w", err)
	}
	return nil
}

// text is the lock as it is written, sorted by URL.
func (l *Lock) text() []byte {
	sorted := slices.SortedFunc(slices.Values(l.Artifacts),
		func(a, b LockedEntry) int { return cmp.Compare(a.URL, b.URL) })
	var b bytes.Buffer
	fmt.Fprintf(&b, "# kbootstrap artifact lock\nversion: %d\nartifacts:\n", l.Version)
	for _, e := range sorted {
		fmt.Fprintf(&b, "  - url: %s\n    sha256: %s\n", e.URL, e.SHA256)
		if e.Size > 0 {
			fmt.Fprintf(&b, "    size: %d\n", e.Size)
		}
		if e.Index != "" {
			fmt.Fprintf(&b, "    index: %s\n", e.Index)
		}
		for i, path := range slices.Sorted(maps.Keys(e.Members)) {
			if i == 0 {
				b.WriteString("    members:\n")
			}
			fmt.Fprintf(&b, "      %s: %s\n", strconv.Quote(path), e.Members[path])
		}
	}
	return b.Bytes()
}
