package delta

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// errDamaged is the end of what is no delta.
var errDamaged = errors.New("not a delta")

// Decode writes the target that a delta to the base makes. It reads the base wherever the delta
// says, and keeps some megabytes of it. What the delta has beyond its last block is not read.
//
// A delta can be of any length, and a few of its bytes can make gigabytes: the writer has to end
// with an error when it gets more than it should.
func Decode(w io.Writer, base io.ReaderAt, delta io.Reader) error {
	d := decoder{base: newPages(base), delta: bufio.NewReaderSize(delta, 64<<10), out: bufio.NewWriterSize(w, 256<<10)}
	for {
		last, err := d.block()
		if err != nil {
			return err
		}
		if last {
			return d.out.Flush()
		}
	}
}

type decoder struct {
	base  *pages
	delta *bufio.Reader
	out   *bufio.Writer
	next  int64 // where the base goes on

	parts []byte // of the block: its instructions, then its literals
}

// block makes what one block says, and reports whether it was the last.
func (d *decoder) block() (last bool, err error) {
	instructions, own, err := d.read()
	if err != nil {
		return false, err
	}
	for rest := instructions; len(rest) > 0; {
		literals, n := binary.Uvarint(rest)
		length, m := binary.Uvarint(rest[max(n, 0):])
		away, l := binary.Varint(rest[max(n, 0)+max(m, 0):])
		if n <= 0 || m <= 0 || l <= 0 || literals > uint64(len(own)) || length > maxBase ||
			away > maxBase || away < -maxBase {
			return false, errDamaged
		}
		rest = rest[n+m+l:]
		if _, err := d.out.Write(own[:literals]); err != nil {
			return false, err
		}
		own = own[literals:]
		d.next += int64(literals) + away
		if err := d.base.copy(d.out, d.next, int64(length)); err != nil {
			return false, err
		}
		d.next += int64(length)
	}
	if len(own) > 0 {
		return false, errDamaged
	}
	return len(instructions) == 0, nil
}

// read reads the instructions and the literals of a block, into the memory of those before.
func (d *decoder) read() (instructions, literals []byte, err error) {
	var lengths [2]uint64
	for i := range lengths {
		if lengths[i], err = binary.ReadUvarint(d.delta); err != nil {
			return nil, nil, fmt.Errorf("read the delta: %w", noEOF(err))
		}
	}
	// An encoder passes each limit by one instruction at most.
	if lengths[0] > 2*maxInstructions || lengths[1] > 2*blockLiterals {
		return nil, nil, errDamaged
	}
	d.parts = slices.Grow(d.parts[:0], int(lengths[0]+lengths[1]))[:lengths[0]+lengths[1]]
	if _, err := io.ReadFull(d.delta, d.parts); err != nil {
		return nil, nil, fmt.Errorf("read the delta: %w", noEOF(err))
	}
	return d.parts[:lengths[0]], d.parts[lengths[0]:], nil
}

// noEOF makes an early end an error that says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
