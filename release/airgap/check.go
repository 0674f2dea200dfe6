package airgap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"kbootstrap/internal/interruptible"
)

// Check reads a file of the bundle and compares its sum. That is enough before a content is sent:
// the host which unpacks it compares the sum of the raw bytes.
func (b *Bundle) Check(ctx context.Context, name string) error {
	return b.read(ctx, name, func(in io.Reader) error {
		_, err := io.Copy(io.Discard, in)
		return err
	})
}

// read has a function read a file of the bundle to its end, and compares the sum.
func (b *Bundle) read(ctx context.Context, name string, do func(io.Reader) error) error {
	in, err := b.OpenFile(name)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	all := io.TeeReader(interruptible.Reader(ctx, in), sum)
	failed := do(all)
	// What a decoder did not ask for belongs to the sum as well.
	if _, err := io.Copy(io.Discard, all); err != nil {
		return fmt.Errorf("read %s: %w", b.Path, err)
	}
	f, _, _ := b.Find(name)
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return damaged(b.Path, fmt.Errorf("%s: sha256 is %s, expected %s", name, got, f.SHA256))
	}
	if failed != nil {
		return damaged(b.Path, fmt.Errorf("%s: %w", name, failed))
	}
	return nil
}

// CheckAll reads all of the bundle, and unpacks every content: the sums of the files are compared,
// and those of the contents. each is given the raw bytes of every content, to judge them by more
// than their sum. All problems are returned.
func (b *Bundle) CheckAll(ctx context.Context, each func(c Content, raw io.Reader) error) error {
	contents := map[string]Content{}
	for _, c := range b.Manifest.Contents {
		contents[c.File()] = c
	}
	var problems []error
	for _, f := range b.Manifest.Files {
		c, isContent := contents[f.Name]
		var err error
		if isContent {
			err = b.read(ctx, f.Name, func(in io.Reader) error { return unpack(in, c, each) })
		} else {
			err = b.Check(ctx, f.Name)
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// unpack reads a compressed content and compares the sum of the raw bytes.
func unpack(in io.Reader, c Content, each func(Content, io.Reader) error) error {
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	sum := sha256.New()
	counted := &counter{}
	// One byte more than there should be is enough to know, and no bomb can do harm.
	raw := io.TeeReader(io.LimitReader(z, c.Size+1), io.MultiWriter(sum, counted))
	failed := each(c, raw)
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != c.SHA256 || counted.n != c.Size {
		return fmt.Errorf("it unpacks to a content with the sha256 sum %s and %d bytes, expected %d", got, counted.n,
			c.Size)
	}
	return failed
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
