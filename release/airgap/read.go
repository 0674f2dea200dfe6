package airgap

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"kbootstrap/fault"
)

// Bundle is a bundle that lies in a file.
type Bundle struct {
	Path     string
	Manifest Manifest
	// ManifestSum is the sha256 sum of the manifest, by which a bundle with a difference names the
	// one that it is to.
	ManifestSum string

	at map[string]int64 // where each file begins
}

// Open reads what is in a bundle. The files themselves are not read: see Check and CheckAll.
func Open(file string) (*Bundle, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer f.Close()
	b := &Bundle{Path: file, at: map[string]int64{}}
	if err := b.index(f); err != nil {
		return nil, damaged(file, err)
	}
	return b, nil
}

// damaged is the error of a file that is no bundle, or not a whole one.
func damaged(file string, err error) error {
	return fault.BundleDamaged.Errorf("bundle %s: %w", file, err)
}

// index finds where each file of the manifest lies. There must be no other: what the manifest does
// not name has no sum.
func (b *Bundle) index(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	archive := tar.NewReader(f)
	h, err := archive.Next()
	if err != nil || h.Name != ManifestFile || h.Size > maxManifest {
		return errors.New("the file is no bundle: it is not a tar that begins with a " + ManifestFile)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return err
	}
	if b.Manifest, err = parseManifest(text); err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	b.ManifestSum = hex.EncodeToString(sum[:])
	for _, want := range b.Manifest.Files {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("the file was cut off before %s", want.Name)
		case err != nil:
			return fmt.Errorf("before %s: %w", want.Name, err)
		case h.Name != want.Name || h.Typeflag != tar.TypeReg || h.Size != want.Size:
			return fmt.Errorf("%s lies where the manifest has %s of %d bytes", h.Name, want.Name, want.Size)
		}
		if b.at[want.Name], err = f.Seek(0, io.SeekCurrent); err != nil {
			return err
		}
		if end := b.at[want.Name] + want.Size; end > info.Size() {
			return fmt.Errorf("the file was cut off within %s: it has %d bytes", want.Name, info.Size())
		}
	}
	if h, err := archive.Next(); !errors.Is(err, io.EOF) {
		if err != nil {
			return fmt.Errorf("the file was cut off at its end: %w", err)
		}
		return fmt.Errorf("the manifest does not name %s", h.Name)
	}
	return nil
}

// Find returns a file of the bundle and where in Path it begins.
func (b *Bundle) Find(name string) (f File, at int64, ok bool) {
	at, ok = b.at[name]
	if !ok {
		return File{}, 0, false
	}
	for _, f := range b.Manifest.Files {
		if f.Name == name {
			return f, at, true
		}
	}
	return File{}, 0, false
}

// OpenFile opens a file of the bundle.
func (b *Bundle) OpenFile(name string) (io.ReadCloser, error) {
	f, at, ok := b.Find(name)
	if !ok {
		return nil, damaged(b.Path, fmt.Errorf("there is no %s in it", name))
	}
	return OpenSection(b.Path, at, f.Size)
}

// ReadFile returns a small file of the bundle, once its sum is verified.
func (b *Bundle) ReadFile(name string) ([]byte, error) {
	in, err := b.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return nil, err
	}
	f, _, _ := b.Find(name)
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, damaged(b.Path, fmt.Errorf("%s has another sum than the manifest says", name))
	}
	return text, nil
}

// OpenSection opens a part of a file.
func OpenSection(file string, at, size int64) (io.ReadCloser, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	return section{io.NewSectionReader(f, at, size), f}, nil
}

// section is a part of an open file.
type section struct {
	*io.SectionReader
	file *os.File
}

// Close closes the file.
func (s section) Close() error { return s.file.Close() }

// Name is the path of the file.
func (s section) Name() string { return s.file.Name() }
