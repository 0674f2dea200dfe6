package components

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// program is the packing of an artifact that is a program itself.
type program struct {
	From string // name of the program
}

func (p program) pack(_ context.Context, dir, dst string) error {
	in, err := os.Open(filepath.Join(dir, p.From))
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return closing(out, err)
}

// archive is the packing of an artifact that is a tar.gz of programs. It has the members' names as
// upstream's archive has them, and no times, owners or other traces of the build.
type archive struct {
	Members []member
}

// member is a program in an archive or an image.
type member struct {
	Name string // name in the archive: "bin/ctr"
	From string // name of the program
}

func (a archive) pack(ctx context.Context, dir, dst string) error {
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	t := tar.NewWriter(z)
	for _, m := range a.Members {
		if err = ctx.Err(); err == nil {
			err = writeProgram(t, m, dir)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", m.Name, err)
			break
		}
	}
	return closing(out, closing(z, closing(t, err)))
}

// writeProgram adds one executable file to the archive.
func writeProgram(t *tar.Writer, m member, dir string) error {
	in, err := os.Open(filepath.Join(dir, m.From))
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: m.Name, Size: info.Size(), Mode: 0o755, Format: tar.FormatUSTAR}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(t, in)
	return err
}

// closing closes what was written and returns the first error of the two.
func closing(c io.Closer, err error) error {
	if e := c.Close(); err == nil {
		err = e
	}
	return err
}
