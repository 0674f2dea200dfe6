package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"kbootstrap/internal/delta"
)

// A stream is what was sent of a content: compressed, and perhaps a delta. It is kept as it came
// where other hosts may ask for it, because to compress a set of programs again would take seconds
// of a processor for each of them. It lies in the store of contents, and goes with that.

// streamPath is the file of the stream of a content. It is not the name of a content, so the next
// session removes what a killed one leaves.
func (b *blobs) streamPath(sum, base string) string { return b.path(sum) + ".stream-" + base }

// openStream opens the stream of a content by its sum and that of its base.
func (b *blobs) openStream(sum, base string) (*os.File, error) {
	if err := checkSum(sum); err != nil {
		return nil, err
	}
	if base != "" && base != delta.Nothing {
		if err := checkSum(base); err != nil {
			return nil, err
		}
	}
	return os.Open(b.streamPath(sum, base))
}

// keeper writes a stream down while it is received. What goes wrong with that is no reason to be
// without the content: then nothing is kept.
type keeper struct {
	io.Reader
	store *blobs
	path  string // that the stream gets when it is whole
	part  *os.File
	out   *bufio.Writer
	err   error
}

// keep returns a reader of the stream that keeps what is read, if the upload says so.
func (b *blobs) keep(u Upload, stream io.Reader) *keeper {
	k := &keeper{Reader: stream, store: b, path: b.streamPath(u.Sum, u.Base)}
	if !u.Keep {
		k.err = errors.New("nothing is to be kept")
		return k
	}
	if k.part, k.err = b.sys.CreateTemp(b.dir, u.Sum+".kept-"); k.err == nil {
		k.out = bufio.NewWriterSize(k.part, 256<<10)
	}
	return k
}

// Read reads on.
func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.Reader.Read(p)
	if k.err == nil {
		_, k.err = k.out.Write(p[:n])
	}
	return n, err
}

// end gives the stream its name if what it made was right, and removes it otherwise.
func (k *keeper) end(right bool) {
	if k.part == nil {
		return
	}
	if right && k.err == nil {
		// What decodes a delta stops where that ends, before the last bytes of the compressed form.
		_, err := io.Copy(io.Discard, k)
		k.err = errors.Join(k.err, err, k.out.Flush())
	}
	k.err = errors.Join(k.err, k.part.Close())
	if right && k.err == nil {
		k.err = k.store.sys.Rename(k.part.Name(), k.path)
	}
	if !right || k.err != nil {
		_ = k.store.sys.Remove(k.part.Name())
	}
}

// copyStream copies a whole stream, and calls moved before each part of it.
func copyStream(to io.Writer, from io.Reader, moved func() error) error {
	for {
		if err := moved(); err != nil {
			return err
		}
		n, err := io.CopyN(to, from, 1<<20)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("after %d bytes of a part: %w", n, err)
		}
	}
}
