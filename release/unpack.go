package release

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/fault"
	"kbootstrap/internal/interruptible"
)

// limits bound what an archive may unpack to. A sum says that an archive is the one that was
// locked, not that the one that was locked is harmless.
type limits struct {
	member  int64 // bytes of one member
	total   int64 // bytes of all members together, wanted or not
	entries int
}

// defaultLimits are several times what the largest of the known archives needs (all of docker: 240
// MB).
var defaultLimits = limits{member: 1 << 30, total: 2 << 30, entries: 10_000}

// compression is the default level. Measured on the 24 contents of a cluster with docker, 906 MB,
// with all else that storing them takes: fastest 284 MB in 6.4 s of CPU, default 269 MB in 8.4 s,
// better 256 MB in 25 s. The cost is paid once a version, the bytes are sent to every host of every
// cluster; unpacking costs the same at each level.
const compression = zstd.SpeedDefault

// archiveFile is a verified artifact. The archives of images have to be read more than once.
type archiveFile interface {
	io.ReadSeeker
	io.ReaderAt
}

// store puts the wanted members of a verified artifact into the cache and returns its entry, whose
// size it leaves to the caller. Nothing appears in the cache unless all members do.
func (c cache) store(ctx context.Context, a artifact, file archiveFile, l limits) (entry, error) {
	staged := map[string]*staging{}
	defer func() {
		for _, s := range staged {
			s.discard()
		}
	}()
	src := interruptible.Reader(ctx, file)
	var err error
	var id string
	switch {
	case a.isImage():
		if id, err = imageID(src, a.arch); err != nil {
			return entry{}, err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return entry{}, err
		}
		staged[""], err = c.stage(src, l.member)
	case a.image != "":
		err = c.stageImage(a, file, l, staged)
	case a.archive:
		err = c.stageArchive(a, src, l, staged)
	default:
		staged[""], err = c.stage(src, l.member)
	}
	if err != nil {
		return entry{}, err
	}
	for _, m := range a.members {
		if want := a.locked[m.path]; want != "" && want != staged[m.path].sum {
			return entry{}, fault.ArtifactMismatch.Errorf("member %q: sha256 is %s, the lock has %s", m.path,
				staged[m.path].sum, want)
		}
	}
	e := entry{Members: map[string]stored{}}
	for _, m := range a.members {
		s, err := staged[m.path].publish(c)
		if err != nil {
			return entry{}, err
		}
		s.Image = id
		e.Members[m.path] = s
	}
	return e, nil
}

// stageArchive stages the wanted members of a gzipped tar.
func (c cache) stageArchive(a artifact, src io.Reader, l limits, staged map[string]*staging) error {
	unzipped, err := gzip.NewReader(src)
	if err != nil {
		return fmt.Errorf("not a gzipped archive: %w", err)
	}
	return c.stageTar(a, unzipped, l, staged)
}

// stageTar stages the wanted members of a tar.
func (c cache) stageTar(a artifact, src io.Reader, l limits, staged map[string]*staging) error {
	archive := tar.NewReader(&boundedReader{r: src, left: l.total})
	for entries := 0; ; entries++ {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		if entries >= l.entries {
			return fmt.Errorf("archive: more than %d members", l.entries)
		}
		// No member is ever written by its name. But an archive that tries to climb out is none to
		// take a binary from.
		if path.IsAbs(h.Name) || slices.Contains(strings.Split(h.Name, "/"), "..") {
			return fmt.Errorf("archive: member %q leads out of the archive", h.Name)
		}
		name := path.Clean(h.Name) // "./bridge" and "bridge" are both in use
		if !slices.ContainsFunc(a.members, func(m member) bool { return m.path == name }) {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return fmt.Errorf("archive: member %q is not a regular file", name)
		}
		if staged[name] != nil {
			return fmt.Errorf("archive: member %q is there twice", name)
		}
		if staged[name], err = c.stage(archive, l.member); err != nil {
			return fmt.Errorf("archive: member %q: %w", name, err)
		}
	}
	var missing []string
	for _, m := range a.members {
		if staged[m.path] == nil {
			missing = append(missing, m.path)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the archive has no %s", strings.Join(missing, ", "))
	}
	return nil
}

// staging is a member that is compressed and not yet in the cache.
type staging struct {
	file *os.File
	sum  string
	size int64
}

// stage compresses a member into a temporary file.
func (c cache) stage(src io.Reader, limit int64) (*staging, error) {
	f, err := os.CreateTemp(c.tmp(), "blob-*")
	if err != nil {
		return nil, err
	}
	s := &staging{file: f}
	// One thread an artifact: artifacts are unpacked side by side.
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(compression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		s.discard()
		return nil, err
	}
	h := sha256.New()
	s.size, err = io.Copy(io.MultiWriter(z, h), &boundedReader{r: src, left: limit})
	if err = errors.Join(err, z.Close()); err != nil {
		s.discard()
		return nil, err
	}
	s.sum = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// publish moves the member to its place in the cache.
func (s *staging) publish(c cache) (stored, error) {
	// Flushed before it is named, or a crash could leave a name without bytes.
	if err := errors.Join(s.file.Sync(), s.file.Close()); err != nil {
		return stored{}, err
	}
	if err := os.Rename(s.file.Name(), c.blob(s.sum)); err != nil {
		return stored{}, err
	}
	info, err := os.Stat(c.blob(s.sum))
	if err != nil {
		return stored{}, err
	}
	return stored{SHA256: s.sum, Size: s.size, Compressed: info.Size(), Modified: info.ModTime().UnixNano()}, nil
}

// discard removes what publish has not moved.
func (s *staging) discard() {
	if s == nil {
		return
	}
	s.file.Close()
	os.Remove(s.file.Name())
}

// errTooLarge is the end of something that unpacks to more than its limit.
var errTooLarge = errors.New("larger than any known release")

// boundedReader ends with errTooLarge, rather than as if it were complete, when more than left
// bytes follow.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
