package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/atomic"
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

// deltasAtOnce is how many deltas are made side by side. Each takes the memory of both programs,
// up to 200 MB.
const deltasAtOnce = 2

// addDeltas gives the contents the deltas to those that they are like, after making those that are
// not in the cache. A delta is made once a version, in some seconds.
func (c cache) addDeltas(ctx context.Context, artifacts []artifact, contents map[string]Content) error {
	var all sync.WaitGroup
	slots := make(chan struct{}, deltasAtOnce)
	var made []*madeDelta
	for _, a := range artifacts {
		for _, m := range a.members {
			for _, like := range m.like {
				base, ok := contents[like]
				if !ok {
					continue
				}
				d := &madeDelta{target: contents[m.name], base: base}
				made = append(made, d)
				all.Go(func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					d.delta, d.err = c.delta(ctx, d.target, base)
				})
			}
		}
	}
	all.Wait()
	var problems []error
	for _, d := range made {
		if d.err != nil {
			problems = append(problems, fmt.Errorf("delta of %s to %s: %w", d.target.Name, d.base.Name, d.err))
		} else if target := contents[d.target.Name]; d.delta.Compressed < target.Compressed {
			target.Deltas = append(target.Deltas, d.delta)
			contents[target.Name] = target
		}
	}
	return errors.Join(problems...)
}

// madeDelta is a delta that is wanted, and what came of it.
type madeDelta struct {
	target, base Content
	delta        Delta
	err          error
}

// delta returns the delta of a content, out of the cache or after making it.
func (c cache) delta(ctx context.Context, target, base Content) (Delta, error) {
	path := filepath.Join(c.dir, "deltas", target.SHA256+"-"+base.SHA256+".zst")
	d, err := FileDelta(path, base.SHA256)
	if !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	if err := makeDelta(ctx, path, target, base); err != nil {
		return Delta{}, err
	}
	return FileDelta(path, base.SHA256)
}

func makeDelta(ctx context.Context, path string, target, base Content) error {
	has, err := base.bytes(ctx)
	if err != nil {
		return err
	}
	wants, err := target.bytes(ctx)
	if err != nil {
		return err
	}
	return atomic.Write(path, 0o600, func(w io.Writer) error {
		z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(compression), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		return errors.Join(delta.Encode(z, has, wants), z.Close())
	})
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
