package release

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/atomic"
	"kbootstrap/internal/private"
)

// cache keeps the wanted members of artifacts, each compressed:
//
//	blobs/<sha256 of the member>.zst
//	deltas/<sha256 of the member>-<sha256 of its base>.3.zst
//	plain/<sha256 of an image>-<sha256 of its plain form>-<size of that>.zst
//	index/<sha256 of the artifact>.json    an entry
//	locks/<sha256 of the artifact>         held while the artifact is fetched
//	tmp/                                   what is not finished; always on the same file system
//
// A file appears by a rename, so processes may share a cache. The index is by the artifact's sum,
// which was verified when the entry was made: another URL or another sum means another entry, and
// nothing can be stale. The sums of members are those of the lock where it has them; else they are
// the index's, so the cache must be one that no other user can write to.
type cache struct{ dir string }

// entry is what the index knows of one artifact.
type entry struct {
	SHA256  string            `json:"sha256"`  // of the artifact
	Size    int64             `json:"size"`    // of the artifact, in bytes
	Members map[string]stored `json:"members"` // by the path in the archive; "" is the artifact itself
}

// stored is one member in the cache. Compressed and Modified are a stamp, as in git's index: while
// the file has them, it is taken for what it was when it was written, without being read. It need
// not be safer than that: hosts verify SHA256 of all that they are sent.
type stored struct {
	SHA256     string `json:"sha256"` // of the raw member
	Size       int64  `json:"size"`   // of the raw member
	Compressed int64  `json:"compressed"`
	Modified   int64  `json:"modified"`        // nanoseconds since 1970
	Image      string `json:"image,omitempty"` // of an image its ID, see imageID
}

// staleAfter is the age at which an unfinished file was certainly left behind by a killed process.
const staleAfter = 24 * time.Hour

// openCache makes the directories of a cache, and refuses one that others can write to; an empty
// dir is the default one.
func openCache(dir string) (cache, error) {
	if dir == "" {
		dir = os.Getenv("KBOOTSTRAP_CACHE")
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return cache{}, fmt.Errorf("artifact cache: %w", err)
		}
		dir = filepath.Join(user, "kbootstrap", "artifacts")
	}
	for _, sub := range cacheDirs {
		if err := private.MkdirAll(filepath.Join(dir, sub)); err != nil {
			return cache{}, fmt.Errorf("artifact cache: %w", err)
		}
	}
	if err := exposed(dir); err != nil {
		return cache{}, err
	}
	return cache{dir}, nil
}

func (c cache) blob(sum string) string  { return filepath.Join(c.dir, "blobs", sum+".zst") }
func (c cache) index(sum string) string { return filepath.Join(c.dir, "index", sum+".json") }
func (c cache) tmp() string             { return filepath.Join(c.dir, "tmp") }

// content names a member that the entry has.
func (c cache) content(m member, e entry) Content {
	s := e.Members[m.path]
	return Content{Name: m.name, SHA256: s.SHA256, Size: s.Size, Compressed: s.Compressed, ImageID: s.Image,
		path: c.blob(s.SHA256)}
}

// fresh returns the entry of an artifact when it has all its members and the stamp of each is as
// recorded.
func (c cache) fresh(a artifact) (entry, bool) {
	e, ok := c.read(a)
	if !ok {
		return entry{}, false
	}
	for _, m := range a.members {
		s := e.Members[m.path]
		info, err := os.Stat(c.blob(s.SHA256))
		if err != nil || !info.Mode().IsRegular() || info.Size() != s.Compressed ||
			info.ModTime().UnixNano() != s.Modified || a.isImage() && s.Image == "" {
			return entry{}, false
		}
	}
	return e, true
}

// read returns the entry of an artifact when it has all its members. A damaged index is as good as
// none.
func (c cache) read(a artifact) (entry, bool) {
	key := a.key()
	if key == "" {
		return entry{}, false
	}
	e, ok := c.recorded(key)
	if !ok || a.size != 0 && a.size != e.Size {
		return entry{}, false
	}
	for _, m := range a.members {
		s, ok := e.Members[m.path]
		if !ok || !sumPattern.MatchString(s.SHA256) {
			return entry{}, false
		}
		// An index that says otherwise than the sum of a bare artifact, which is its own member, or
		// than the lock's sum of a member was tampered with.
		if m.path == "" && a.sum != "" && s.SHA256 != a.sum {
			return entry{}, false
		}
		if want := a.locked[m.path]; want != "" && s.SHA256 != want {
			return entry{}, false
		}
	}
	return e, true
}

// verify is for an entry whose stamps differ: it reads the members, drops the bad ones and records
// the stamps of the good ones. It reports whether all are good.
func (c cache) verify(a artifact) (entry, bool) {
	e, ok := c.read(a)
	if !ok {
		return entry{}, false
	}
	for _, m := range a.members {
		s := e.Members[m.path]
		blob := c.blob(s.SHA256)
		info, err := os.Stat(blob)
		if err == nil {
			err = verifyBlob(blob, s)
		}
		if err == nil && a.isImage() {
			s.Image, err = blobImage(blob, a.arch)
		}
		if err != nil {
			os.Remove(blob)
			return entry{}, false
		}
		s.Compressed, s.Modified = info.Size(), info.ModTime().UnixNano()
		e.Members[m.path] = s
	}
	return e, c.record(a.key(), e) == nil
}

// blobImage returns the ID of an image in the cache.
func blobImage(path, arch string) (string, error) {
	var id string
	err := unpacked(path, func(r io.Reader) (err error) {
		id, err = imageID(r, arch)
		return err
	})
	return id, err
}

// unpacked gives what a zstd stream in a file has.
func unpacked(path string, to func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	return to(z)
}

// verifyBlob reads a compressed member and compares its sum.
func verifyBlob(path string, s stored) error {
	return unpacked(path, func(z io.Reader) error {
		h := sha256.New()
		// One byte more than it should have is enough to know, and no bomb can do harm.
		n, err := io.Copy(h, io.LimitReader(z, s.Size+1))
		if err != nil {
			return err
		}
		if n != s.Size || hex.EncodeToString(h.Sum(nil)) != s.SHA256 {
			return errors.New("another content")
		}
		return nil
	})
}

// recorded reads an entry of the index.
func (c cache) recorded(sum string) (e entry, ok bool) {
	text, err := os.ReadFile(c.index(sum))
	if err != nil {
		return entry{}, false
	}
	return e, json.Unmarshal(text, &e) == nil
}

// record writes an entry of the index. Members that another caller wanted of the same artifact
// stay: two versions of the tool may want different ones. The caller holds the artifact's lock.
func (c cache) record(sum string, e entry) error {
	all := entry{SHA256: e.SHA256, Size: e.Size, Members: map[string]stored{}}
	if old, ok := c.recorded(sum); ok {
		maps.Copy(all.Members, old.Members)
	}
	maps.Copy(all.Members, e.Members)
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return atomic.WriteFile(c.index(sum), append(text, '\n'), 0o600)
}

// sweep removes what killed processes left unfinished. It is best effort: a file may just be
// finished by its owner.
func (c cache) sweep(now time.Time) {
	files, err := os.ReadDir(c.tmp())
	if err != nil {
		return
	}
	for _, f := range files {
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && now.Sub(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(c.tmp(), f.Name()))
		}
	}
}
