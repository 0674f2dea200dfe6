package airgap

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"kbootstrap/internal/interruptible"
	"os"
	"slices"
	"strings"
	"time"
)

// Part is a file that goes into a bundle.
type Part struct {
	File
	Open func() (io.ReadCloser, error)
}

// PartOf is a part with the content of a text.
func PartOf(name string, text []byte) Part {
	sum := sha256.Sum256(text)
	return Part{File{name, int64(len(text)), hex.EncodeToString(sum[:])},
		func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(text))), nil }}
}

// Write writes a bundle: the manifest, which it completes by the files, and then the parts. Equal
// parts make equal bytes. A part that is another than its sum says is an error.
func Write(w io.Writer, m Manifest, parts []Part) error {
	m.Files = m.Files[:0]
	for _, p := range parts {
		m.Files = append(m.Files, p.File)
	}
	slices.SortFunc(m.Contents, func(a, b Content) int { return cmp.Compare(a.SHA256, b.SHA256) })
	text, err := m.text()
	if err != nil {
		return err
	}
	if _, err := parseManifest(text); err != nil {
		return err
	}
	out := tar.NewWriter(w)
	for _, p := range append([]Part{PartOf(ManifestFile, text)}, parts...) {
		if err := writePart(out, p); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return out.Close()
}

// writePart writes one file. Owners, times and the mode of the original count for nothing.
func writePart(out *tar.Writer, p Part) error {
	mode := int64(0o644)
	if strings.HasPrefix(p.Name, ProgramDir+"/") {
		mode = 0o755
	}
	header := tar.Header{Typeflag: tar.TypeReg, Name: p.Name, Size: p.Size, Mode: mode, ModTime: time.Unix(0, 0),
		Format: tar.FormatUSTAR}
	if err := out.WriteHeader(&header); err != nil {
		return err
	}
	in, err := p.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), in); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 {
		return fmt.Errorf("its sha256 sum is %s now, and was %s", got, p.SHA256)
	}
	return nil
}

// ContentPart is a content that lies compressed in a file. It is unpacked once to compare its sum.
func ContentPart(ctx context.Context, c Content, file string) (Part, error) {
	p, err := part(ctx, c.File(), file, func(in io.Reader) error {
		return unpack(in, c, func(Content, io.Reader) error { return nil })
	})
	if err != nil {
		return Part{}, fmt.Errorf("content %s: %w", c.SHA256, err)
	}
	return p, nil
}

// FilePart is a file of this machine.
func FilePart(ctx context.Context, name, file string) (Part, error) {
	return part(ctx, name, file, func(in io.Reader) error {
		_, err := io.Copy(io.Discard, in)
		return err
	})
}

// part reads a file once, for its sum and to judge it.
func part(ctx context.Context, name, file string, judge func(io.Reader) error) (Part, error) {
	in, err := os.Open(file)
	if err != nil {
		return Part{}, err
	}
	defer in.Close()
	sum, size := sha256.New(), &counter{}
	all := io.TeeReader(interruptible.Reader(ctx, in), io.MultiWriter(sum, size))
	if err := judge(all); err != nil {
		return Part{}, err
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return Part{}, err
	}
	return Part{File{name, size.n, hex.EncodeToString(sum.Sum(nil))},
		func() (io.ReadCloser, error) { return os.Open(file) }}, nil
}
