package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// maxWindow is the largest zstd window that a node accepts: that of `zstd --long=27`, which is what
// the best of the bundles use.
const maxWindow = 1 << 27

// receive reads one content, compressed, and keeps it when its sum and its size (both of the plain
// content) are right. It decompresses, hashes and writes while it receives. On any error nothing is
// left.
func (b *blobs) receive(ctx context.Context, sum string, size int64, compressed io.Reader) (err error) {
	if missing, err := b.missing([]string{sum}); err != nil || len(missing) == 0 {
		return err
	}
	defer b.begin(sum)()
	part, err := b.sys.CreateTemp(b.dir, sum+".part-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("content %s: %w", sum, err)
			_ = part.Close()
			_ = b.sys.Remove(part.Name())
		}
	}()
	if err := host.Reserve(part, size); err != nil {
		return err
	}

	plain, err := zstd.NewReader(bufio.NewReaderSize(compressed, 16<<10),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return err
	}
	defer plain.Close()
	sink := newSink(part, size)
	var got string
	var writeErr error
	cut := b.sys.Step(host.Step{Op: host.OpWrite, Path: part.Name()}, func() error {
		_, err = plain.WriteTo(sink)
		got, writeErr = sink.finish()
		return nil
	})
	switch {
	case cut != nil:
		return cut
	case writeErr != nil:
		return fmt.Errorf("after %d of %d bytes: %w", sink.written, size, writeErr)
	case ctx.Err() != nil:
		return fmt.Errorf("after %d of %d bytes: %w", sink.written, size, context.Cause(ctx))
	case errors.Is(err, errTooLong):
		return fault.ContentDamaged.Errorf("is longer than %d bytes", size)
	case err != nil:
		return fmt.Errorf("after %d of %d bytes: %w", sink.written, size, err)
	case sink.written != size:
		return fault.ContentDamaged.Errorf("ended after %d of %d bytes", sink.written, size)
	case got != sum:
		return fault.ContentDamaged.Errorf("what arrived has the sum %s", got)
	}

	// No fsync: a content lives in the store until the end of the session only, and what it becomes
	// is flushed there.
	if err := part.Close(); err != nil {
		return err
	}
	return b.sys.Rename(part.Name(), b.path(sum))
}
