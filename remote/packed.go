package remote

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/klauspost/compress/gzip"

	"kbootstrap/internal/background"
	"kbootstrap/internal/interruptible"
	"kbootstrap/internal/packed"
)

// packedAgent is the gzip of an agent. It is a file, which stays open for the run.
type packedAgent struct {
	file *os.File
	size int64
}

// reader reads it from its beginning; several goroutines may read at once.
func (p *packedAgent) reader() *io.SectionReader { return io.NewSectionReader(p.file, 0, p.size) }

// The names of an agent's forms in the cache: the one that the first run of a build makes, in a
// fraction of a second, and the one that takes seconds and is shorter.
func quickForm(sum string) string { return sum + ".gz" }
func shortForm(sum string) string { return sum + ".short.gz" }

// pack opens the shortest form that there is, and makes one if there is none.
func (b *binary) pack() (*packedAgent, error) {
	sum, err := b.sum()
	if err != nil {
		return nil, err
	}
	path, ok := packed.Find(shortForm(sum))
	if !ok {
		path, err = packed.File(quickForm(sum), b.writer(context.Background(), gzip.BestSpeed))
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(path)
	}
	if err != nil { // who has no cache packs for each run
		file, err = b.packAside()
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &packedAgent{file, info.Size()}, nil
}

// Shorten makes the shorter form of each agent that was packed for this run, for later ones.
func (a *Agents) Shorten(ctx context.Context) error {
	return background.Do(ctx, &a.shortening, func() error {
		for _, b := range a.all() {
			sum, err := b.sum()
			if err != nil {
				return err
			}
			if _, ok := packed.Find(quickForm(sum)); !ok {
				continue
			}
			if _, err := packed.File(shortForm(sum), b.writer(ctx, gzip.BestCompression)); err != nil {
				return err
			}
			packed.Remove(quickForm(sum))
		}
		return nil
	})
}

// all are the agents that this run has asked for.
func (a *Agents) all() []*binary {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Values(a.byPath))
}

// forget removes the forms in the cache, of which one may be damaged.
func (b *binary) forget() {
	if sum, err := b.sum(); err == nil {
		packed.Remove(quickForm(sum))
		packed.Remove(shortForm(sum))
	}
}

// packAside packs into a file without a name.
func (b *binary) packAside() (*os.File, error) {
	file, err := os.CreateTemp("", "kbootstrap-*.gz")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	if err := b.writer(context.Background(), gzip.BestSpeed)(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// writer writes the gzip of the agent.
func (b *binary) writer(ctx context.Context, level int) func(io.Writer) error {
	return func(w io.Writer) error {
		in, err := os.Open(b.path)
		if err != nil {
			return err
		}
		defer in.Close()
		z, err := gzip.NewWriterLevel(w, level)
		if err != nil {
			return err
		}
		_, err = io.Copy(z, interruptible.Reader(ctx, in))
		return errors.Join(err, z.Close())
	}
}
