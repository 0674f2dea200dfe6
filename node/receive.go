package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/delta"
)

// maxWindow is the largest zstd window that a node accepts: that of `zstd --long=27`, which is what
// the best of the bundles use.
const maxWindow = 1 << 27

// receive reads one content, compressed, and keeps it when its sum and its size (both of the plain
// content) are right. With a base, the sum of another content, what comes is a delta to that. It
// decompresses, hashes and writes while it receives. On any error nothing is left.
func (b *blobs) receive(ctx context.Context, u Upload, compressed io.Reader) (err error) {
	if missing, err := b.missing([]string{u.Sum}); err != nil || len(missing) == 0 {
		return err
	}
	defer b.begin(u.Sum)()
	other, err := b.base(u.Base)
	if err != nil {
		return err
	}
	defer other.Close()
	part, err := b.sys.CreateTemp(b.dir, u.Sum+".part-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("content %s: %w", u.Sum, err)
			_ = part.Close()
			_ = b.sys.Remove(part.Name())
		}
	}()
	if err := host.Reserve(part, u.Size); err != nil {
		return err
	}

	kept := b.keep(u, compressed)
	defer func() { kept.end(err == nil) }()
	plain, err := zstd.NewReader(bufio.NewReaderSize(kept, 16<<10),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return err
	}
	defer plain.Close()
	sink := newSink(part, u.Size)
	var got string
	var writeErr error
	cut := b.sys.Step(host.Step{Op: host.OpWrite, Path: part.Name()}, func() error {
		if u.Base == "" {
			_, err = plain.WriteTo(sink)
		} else {
			err = delta.Decode(sink, other, plain)
		}
		got, writeErr = sink.finish()
		return nil
	})
	switch {
	case cut != nil:
		return cut
	case writeErr != nil:
		return fmt.Errorf("after %d of %d bytes: %w", sink.written, u.Size, writeErr)
	case ctx.Err() != nil:
		return fmt.Errorf("after %d of %d bytes: %w", sink.written, u.Size, context.Cause(ctx))
	case errors.Is(err, errTooLong):
		return fault.ContentDamaged.Errorf("is longer than %d bytes", u.Size)
	case err != nil:
		return fmt.Errorf("after %d of %d bytes: %w", sink.written, u.Size, err)
	case sink.written != u.Size:
		return fault.ContentDamaged.Errorf("ended after %d of %d bytes", sink.written, u.Size)
	case got != u.Sum:
		return fault.ContentDamaged.Errorf("what arrived has the sum %s", got)
	}

	// No fsync: a content lives in the store until the end of the session only, and what it becomes
	// is flushed there.
	if err := part.Close(); err != nil {
		return err
	}
	return b.sys.Rename(part.Name(), b.path(u.Sum))
}

// base opens what a delta is to: a content of the store, or one that became a file of the host in
// this session. Whether it still is what it was does not matter: the sum of what is made with it
// tells. The base of no delta is nil, and can be closed.
func (b *blobs) base(sum string) (*os.File, error) {
	if sum == "" || sum == delta.Nothing {
		return nil, nil
	}
	if err := checkSum(sum); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	file, err := os.Open(b.path(sum))
	if taken := b.taken[sum]; errors.Is(err, fs.ErrNotExist) && taken != nil {
		// A descriptor of its own: the store closes its when the session ends.
		file, err = os.Open(fmt.Sprintf("/proc/self/fd/%d", taken.Fd()))
	}
	if err != nil {
		return nil, fmt.Errorf("the base %s of a delta: %w", sum, err)
	}
	return file, nil
}
