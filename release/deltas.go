package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/delta"
)

// Delta is a content as what it has in common with another one, its base, and what it has of its
// own: of a host that has the base it needs half of the bytes.
type Delta struct {
	Base       string // SHA256 of the base
	Compressed int64  // bytes of the zstd stream

	path string
}

// Open returns the zstd stream of the delta, see package delta.
func (d Delta) Open() (io.ReadCloser, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, fmt.Errorf("delta: %w", err)
	}
	return f, nil
}

// FileDelta is a delta to the content with that sum, in a file.
func FileDelta(path, base string) (Delta, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Delta{}, err
	}
	return Delta{Base: base, Compressed: info.Size(), path: path}, nil
}

// pair is a content and another one that it is like.
type pair struct{ target, base Content }

// withDeltas gives the contents their deltas to those that they are like, as far as they are in the
// cache, and returns the pairs of which they are not.
func (c cache) withDeltas(artifacts []artifact, contents map[string]Content) (lacking []pair, err error) {
	for _, a := range artifacts {
		for _, m := range a.members {
			for _, like := range m.like {
				base, ok := contents[like]
				if !ok {
					continue
				}
				target := contents[m.name]
				d, err := FileDelta(c.deltaPath(pair{target, base}), base.SHA256)
				switch {
				case errors.Is(err, fs.ErrNotExist):
					lacking = append(lacking, pair{target, base})
				case err != nil:
					return nil, fmt.Errorf("delta of %s to %s: %w", target.Name, base.Name, err)
				case d.Compressed < target.Compressed:
					target.Deltas = append(target.Deltas, d)
					contents[m.name] = target
				}
			}
		}
	}
	return lacking, nil
}

func (c cache) deltaPath(p pair) string {
	return filepath.Join(c.dir, "deltas", p.target.SHA256+"-"+p.base.SHA256+".zst")
}

// MakeDeltas makes the deltas that the cache lacks, one after the other, until ctx ends: later runs
// have them. Each takes a second or two of the processor's time, which others get first, and the
// memory of both programs, up to 200 MB.
func (s *Set) MakeDeltas(ctx context.Context) error {
	if len(s.lacking) == 0 {
		return nil
	}
	made := make(chan error, 1)
	s.making.Go(func() {
		yieldToOthers() // until this goroutine ends
		made <- s.cache.makeDeltas(ctx, s.lacking)
	})
	select {
	case err := <-made:
		if context.Cause(ctx) == nil {
			return err
		}
	case <-ctx.Done(): // who gets the processor last must not be waited for
	}
	return nil // what is not made now is made by the next run
}

// Await waits for the delta that is being made when the ctx of MakeDeltas ends: a caller who
// removes the cache calls it.
func (s *Set) Await() { s.making.Wait() }

func (c cache) makeDeltas(ctx context.Context, pairs []pair) error {
	for _, p := range pairs {
		if err := c.makeDelta(ctx, p); err != nil {
			return fmt.Errorf("delta of %s to %s: %w", p.target.Name, p.base.Name, err)
		}
	}
	return nil
}

// makeDelta puts a delta into the cache.
func (c cache) makeDelta(ctx context.Context, p pair) error {
	has, err := p.base.bytes(ctx)
	if err != nil {
		return err
	}
	wants, err := p.target.bytes(ctx)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(c.tmp(), "delta-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(compression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	err = errors.Join(delta.Encode(&cancelWriter{ctx, z}, has, wants), z.Close())
	// Flushed before it is named, or a crash could leave a name without bytes.
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), c.deltaPath(p))
}

// cancelWriter ends with the context.
type cancelWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *cancelWriter) Write(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// bytes are the raw bytes of a content.
func (c Content) bytes(ctx context.Context) ([]byte, error) {
	stream, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	z, err := zstd.NewReader(&cancelReader{ctx, stream}, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	raw := make([]byte, c.Size)
	if _, err := io.ReadFull(z, raw); err != nil {
		return nil, fmt.Errorf("content %s: %w", c.Name, err)
	}
	return raw, nil
}
