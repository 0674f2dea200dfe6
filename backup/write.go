package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
	"kbootstrap/internal/private"
)

// Content is what goes into a backup.
type Content struct {
	Manifest Manifest          // without Files
	Files    map[string][]byte // by their names in the backup
	Snapshot io.Reader         // of etcd
	// Size and SHA256 are what the host said of the snapshot.
	Size   int64
	SHA256 string
}

// Written is a backup that was written.
type Written struct {
	Path   string
	Size   int64
	SHA256 string // of the whole file
	Manifest
}

// Write writes a backup for those who have one of the identities of the recipients. Without
// recipients it is in the clear. The file has its name when it is on the disk and was read again.
func Write(path string, c Content, recipients []age.Recipient) (Written, error) {
	if err := checkPlace(filepath.Dir(path), len(recipients) == 0); err != nil {
		return Written{}, err
	}
	m := c.Manifest
	m.APIVersion, m.Kind, m.Files = apiVersion, kind, nil
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		sum := sha256.Sum256(c.Files[name])
		m.Files = append(m.Files, File{name, int64(len(c.Files[name])), hex.EncodeToString(sum[:])})
	}
	m.Files = append(m.Files, File{SnapshotName, c.Size, c.SHA256})
	file, err := atomic.Create(path, 0o600)
	if err != nil {
		return Written{}, err
	}
	defer file.Discard()
	whole := sha256.New()
	if err := seal(io.MultiWriter(file, whole), recipients, func(w io.Writer) error {
		return pack(w, m, c)
	}); err != nil {
		return Written{}, err
	}
	if err := file.Sync(); err != nil {
		return Written{}, err
	}
	size, err := compareAgain(file.File, whole)
	if err != nil {
		return Written{}, err
	}
	written := Written{Path: path, Size: size, SHA256: hex.EncodeToString(whole.Sum(nil)), Manifest: m}
	return written, file.Commit()
}

// seal has content written through zstd, and through age if there are recipients.
func seal(to io.Writer, recipients []age.Recipient, write func(io.Writer) error) error {
	sealed := io.WriteCloser(unsealed{to})
	if len(recipients) > 0 {
		var err error
		if sealed, err = age.Encrypt(to, recipients...); err != nil {
			return fmt.Errorf("seal the backup: %w", err)
		}
	}
	packed, err := zstd.NewWriter(sealed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return errors.Join(write(packed), packed.Close(), sealed.Close())
}

type unsealed struct{ io.Writer }

func (unsealed) Close() error { return nil }

// pack writes the files as a tar archive, the manifest first.
func pack(to io.Writer, m Manifest, c Content) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	head := func(name string, size int64) error {
		return archive.WriteHeader(&tar.Header{
			Name: name, Size: size, Mode: 0o600, ModTime: m.Created.UTC().Truncate(time.Second),
		})
	}
	if err := head(ManifestName, int64(len(text))); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := head(f.Name, f.Size); err != nil {
			return err
		}
		if f.Name == SnapshotName {
			err = packSnapshot(archive, c)
		} else {
			_, err = archive.Write(c.Files[f.Name])
		}
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

// packSnapshot copies the snapshot, and compares it with what the host has said of it.
func packSnapshot(to io.Writer, c Content) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(c.Snapshot, c.Size+1))
	if err != nil && !errors.Is(err, tar.ErrWriteTooLong) {
		return fmt.Errorf("read the snapshot: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != c.Size || got != c.SHA256 {
		return fault.BackupDamaged.Errorf("the snapshot was changed or cut off on its way: %d of %d bytes came", n,
			c.Size)
	}
	return nil
}

// compareAgain reads the file from the disk, and compares it with the sum of what was written.
func compareAgain(file *os.File, sum hash.Hash) (int64, error) {
	again := sha256.New()
	n, err := io.Copy(again, io.NewSectionReader(file, 0, 1<<62))
	if err != nil {
		return 0, err
	}
	if !slices.Equal(again.Sum(nil), sum.Sum(nil)) {
		return 0, fault.BackupDamaged.Errorf("%s does not read as it was written: look at the disk", file.Name())
	}
	return n, nil
}

// checkPlace refuses a directory in which others could put another file in the place of the backup,
// and for one in the clear also a directory that others can look into.
func checkPlace(dir string, isClear bool) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	access, err := private.Look(dir, info)
	switch {
	case err != nil:
		return err
	case access.Write != "" && info.Mode()&os.ModeSticky == 0:
		return fault.BackupPlace.Errorf("%s has %s: others can change files there", dir, access.Write)
	case isClear && access.Read != "":
		return fault.BackupPlace.Errorf("%s has %s, and the backup would be in the clear", dir, access.Read)
	}
	return nil
}
