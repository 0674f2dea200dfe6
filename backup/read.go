package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"kbootstrap/fault"
)

// Set is a backup that was read, and whose sums were compared.
type Set struct {
	Manifest Manifest
	Files    map[string][]byte // but for the snapshot
}

// largest bounds the manifest and each other file but the snapshot, which are held in memory.
const largest = 16 << 20

// sealedBegin is how files of age begin.
const sealedBegin = "age-encryption.org/v1"

// IsSealed reports whether it takes an identity to read a backup.
func IsSealed(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	begin := make([]byte, len(sealedBegin))
	n, err := io.ReadFull(file, begin)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(begin[:n]) == sealedBegin, nil
}

// Read reads a backup to its end, and compares the sum of each file with the manifest. The snapshot
// is written to another place; it is not to be used when Read returns an error.
func Read(path string, identities []age.Identity, snapshot io.Writer) (*Set, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	set, err := read(bufio.NewReaderSize(file, 1<<16), identities, snapshot)
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch):
		err = fault.BackupDamaged.Errorf("the file is no backup: it begins otherwise")
	case err != nil && fault.Of(err) == "":
		err = fault.BackupDamaged.Wrap(err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

func read(from *bufio.Reader, identities []age.Identity, snapshot io.Writer) (*Set, error) {
	begin, _ := from.Peek(len(sealedBegin)) // what is too short fails below
	packed := io.Reader(from)
	if string(begin) == sealedBegin {
		if len(identities) == 0 {
			return nil, fault.BackupNotOpened.Errorf("the backup is sealed, and there is no identity to open it with")
		}
		opened, err := age.Decrypt(from, identities...)
		var foreign *age.NoIdentityMatchError
		if errors.As(err, &foreign) {
			return nil, fault.BackupNotOpened.Errorf("the backup is sealed for others: none of %d identities opens it",
				len(identities))
		}
		if err != nil {
			return nil, err
		}
		packed = opened
	}
	plain, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	set, err := unpack(tar.NewReader(plain), snapshot)
	if err != nil {
		return nil, err
	}
	// What is behind the archive must be nothing, and the sums of zstd and age are at the end.
	rest, err := io.Copy(io.Discard, io.LimitReader(plain, 1<<20))
	if err != nil {
		return nil, err
	}
	if rest > 1<<14 { // tar pads its end with zeros
		return nil, errors.New("there is something behind the archive")
	}
	return set, nil
}

func unpack(archive *tar.Reader, snapshot io.Writer) (*Set, error) {
	head, err := archive.Next()
	if err != nil {
		return nil, err
	}
	if head.Name != ManifestName {
		return nil, fmt.Errorf("the first file is %q and not %s", head.Name, ManifestName)
	}
	text, err := readAll(archive, head.Size)
	if err != nil {
		return nil, err
	}
	set := &Set{Files: map[string][]byte{}}
	if err := json.Unmarshal(text, &set.Manifest); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestName, err)
	}
	if m := set.Manifest; m.APIVersion != apiVersion || m.Kind != kind {
		return nil, fmt.Errorf("it is %s %s, and not %s %s", m.APIVersion, m.Kind, apiVersion, kind)
	}
	if set.Manifest.Snapshot().Name == "" {
		return nil, errors.New("the manifest names no snapshot of etcd")
	}
	for _, f := range set.Manifest.Files {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s is missing", f.Name)
		}
		if err != nil {
			return nil, err
		}
		if head.Name != f.Name || head.Size != f.Size {
			return nil, fmt.Errorf("there is %q of %d bytes where the manifest has %q of %d bytes",
				head.Name, head.Size, f.Name, f.Size)
		}
		sum, to := sha256.New(), snapshot
		var content bytes.Buffer
		if f.Name != SnapshotName {
			if f.Size > largest {
				return nil, fmt.Errorf("%s has more than %d bytes", f.Name, largest)
			}
			to = &content
		}
		if _, err := io.Copy(io.MultiWriter(to, sum), archive); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
			return nil, fmt.Errorf("%s has another sum than the manifest says", f.Name)
		}
		if f.Name != SnapshotName {
			set.Files[f.Name] = slices.Clone(content.Bytes())
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there are files that the manifest does not name")
	}
	return set, nil
}

func readAll(from io.Reader, size int64) ([]byte, error) {
	if size > largest {
		return nil, fmt.Errorf("%s has more than %d bytes", ManifestName, largest)
	}
	return io.ReadAll(from)
}
