package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/background"
	"kbootstrap/internal/delta"
	"kbootstrap/internal/interruptible"
)

// Nothing is what a program is like that begins on a host: a delta to it is the program in a form
// that is shorter when it is compressed.
const Nothing = delta.Nothing

// Delta is a content as what it has in common with another one, its base, and what it has of its
// own: of a host that has the base it needs half of the bytes.
type Delta struct {
	Base       string // SHA256 of the base, or Nothing
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
type pair struct {
	target, base Content
	isQuick      bool // there is a delta, which can be shorter
}

// withDeltas gives the contents their deltas to those that they are like, as far as they are in the
// cache, and returns the pairs of which they are not.
func (c cache) withDeltas(members []member, contents map[string]Content) (lacking []pair, err error) {
	for _, m := range members {
		for _, like := range m.like {
			base, ok := contents[like]
			switch {
			case like == Nothing:
				base = Content{Name: Nothing, SHA256: Nothing}
			case !ok:
				continue
			}
			target := contents[m.name]
			p := pair{target: target, base: base}
			d, err := c.delta(p)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				lacking = append(lacking, p)
			case err != nil:
				return nil, fmt.Errorf("delta of %s to %s: %w", target.Name, base.Name, err)
			case d.Compressed < target.Compressed:
				target.Deltas = append(target.Deltas, d)
				contents[m.name] = target
				if p.isQuick = strings.HasSuffix(d.path, quickEnding); p.isQuick {
					lacking = append(lacking, p)
				}
			}
		}
	}
	return lacking, nil
}

// The endings of the names of deltas. They have the number of their form, so that no older one is
// taken for one of these. A delta is made in a few seconds; to compress it to a twentieth less
// takes as long again.
const (
	quickEnding = ".3.zst"
	shortEnding = ".3s.zst"
	oldEnding   = ".zst" // of the first form, which is of no use any more

	quickCompression = zstd.SpeedBetterCompression
	shortCompression = zstd.SpeedBestCompression

	// deltaWindow is what a host has in memory to decompress one. A larger one saves nothing.
	deltaWindow = 8 << 20
)

func (c cache) deltaPath(p pair, ending string) string {
	return filepath.Join(c.dir, "deltas", p.target.SHA256+"-"+p.base.SHA256+ending)
}

// delta returns the shorter of the deltas of a pair that the cache has.
func (c cache) delta(p pair) (Delta, error) {
	d, err := FileDelta(c.deltaPath(p, shortEnding), p.base.SHA256)
	if err == nil {
		_ = os.Remove(c.deltaPath(p, quickEnding)) // it was of use to the run that made the shorter one
	} else if errors.Is(err, fs.ErrNotExist) {
		d, err = FileDelta(c.deltaPath(p, quickEnding), p.base.SHA256)
	}
	return d, err
}

// MakeDeltas makes the deltas that the cache lacks, one after the other, until ctx ends: later runs
// have them. Each takes a few seconds of the processor's time, which others get first, and the
// memory of both programs, up to 350 MB.
func (s *Set) MakeDeltas(ctx context.Context) error {
	if len(s.lacking)+len(s.packed) == 0 {
		return nil
	}
	// What is not made now is made by the next run.
	return background.Do(ctx, s.making, func() error { return s.makeForms(ctx) })
}

// Await waits for the delta that is being made when the ctx of MakeDeltas ends: a caller who
// removes the cache calls it.
func (s *Set) Await() { s.making.Wait() }

// makeForms makes the plain forms of images that have none, and then the deltas.
func (s *Set) makeForms(ctx context.Context) error {
	contents, lacking := maps.Clone(s.contents), s.lacking
	for _, name := range s.packed {
		if err := s.cache.makePlain(ctx, contents[name]); err != nil {
			return fmt.Errorf("plain form of %s: %w", name, err)
		}
		contents[name], _ = s.cache.plain(contents[name])
	}
	if len(s.packed) > 0 {
		var err error
		if lacking, err = s.cache.withDeltas(s.members, contents); err != nil {
			return err
		}
	}
	return s.cache.makeDeltas(ctx, lacking)
}

// copyUnpacked writes what a zstd stream in a file has.
func copyUnpacked(w io.Writer, path string) error {
	return unpacked(path, func(r io.Reader) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// usePlain takes the plain form of an image that is like something, or notes that there is none. It
// returns the members of the artifact; an image that has to stay packed is like nothing.
func (s *Set) usePlain(a artifact) []member {
	if !a.isImage() || len(a.members[0].like) == 0 {
		return a.members
	}
	m := a.members[0]
	plain, isKnown := s.cache.plain(s.contents[m.name])
	switch {
	case a.tells && a.locked[plainMember] == "", isKnown && !a.mayBePlain(plain.SHA256):
		m.like = nil
	case isKnown:
		s.contents[m.name] = plain
	default:
		s.packed = append(s.packed, m.name)
	}
	return []member{m}
}

// makeDeltas makes the deltas of pairs that have none, and then the shorter ones of all.
func (c cache) makeDeltas(ctx context.Context, pairs []pair) error {
	for _, write := range []func(context.Context, pair) error{c.makeDelta, c.shorten} {
		for _, p := range pairs {
			if err := write(ctx, p); err != nil {
				return fmt.Errorf("delta of %s to %s: %w", p.target.Name, p.base.Name, err)
			}
		}
	}
	return nil
}

// makeDelta puts a delta into the cache.
func (c cache) makeDelta(ctx context.Context, p pair) error {
	if p.isQuick {
		return nil
	}
	has, err := p.base.bytes(ctx)
	if err != nil {
		return err
	}
	wants, err := p.target.bytes(ctx)
	if err != nil {
		return err
	}
	_ = os.Remove(c.deltaPath(p, oldEnding))
	return c.publishDelta(ctx, c.deltaPath(p, quickEnding), quickCompression,
		func(w io.Writer) error { return delta.Encode(w, has, wants) })
}

// shorten compresses a delta again. The other one stays: this run may be sending it.
func (c cache) shorten(ctx context.Context, p pair) error {
	info, err := os.Stat(c.deltaPath(p, quickEnding))
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() >= p.target.Compressed {
		return nil // another process was quicker, or it is of no use
	}
	if err != nil {
		return err
	}
	return c.publishDelta(ctx, c.deltaPath(p, shortEnding), shortCompression,
		func(w io.Writer) error { return copyUnpacked(w, c.deltaPath(p, quickEnding)) })
}

// publishDelta puts the delta that a function writes into the cache.
func (c cache) publishDelta(
	ctx context.Context, path string, level zstd.EncoderLevel, write func(io.Writer) error,
) error {
	f, err := os.CreateTemp(c.tmp(), "delta-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(deltaWindow))
	if err != nil {
		return err
	}
	err = errors.Join(write(&cancelWriter{ctx, z}), z.Close())
	// Flushed before it is named, or a crash could leave a name without bytes.
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
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
	if c.SHA256 == Nothing {
		return nil, nil
	}
	stream, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	z, err := zstd.NewReader(interruptible.Reader(ctx, stream), zstd.WithDecoderConcurrency(1))
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
