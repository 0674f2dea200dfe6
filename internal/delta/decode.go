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
	d := decoder{delta: bufio.NewReaderSize(delta, 64<<10)}
	p, err := d.plan()
	if err != nil {
		return err
	}
	err = p.foretell(newPages(base).read, func(part []byte, at uint32, isNew bool) error {
		if err := d.correct(part, isNew); err != nil {
			return err
		}
		if isNew {
			p.machine.relative(part, at)
		}
		_, err := w.Write(part)
		return err
	})
	if err == nil && !d.last { // a target whose last bytes are not as foretold ends before the last block
		err = d.instruct()
	}
	if err == nil && (!d.last || d.literals > 0 || len(d.own) > 0) {
		err = errDamaged
	}
	return err
}

// decoder has what of a block was not used yet.
type decoder struct {
	delta             *bufio.Reader
	same              uint64 // bytes that are as foretold
	literals          uint64 // how many bytes after them are not
	instructions, own []byte // own are the literals of them, and of the instructions
	parts             []byte // the memory of both
	last              bool   // the block was
	err               error  // of reading
}

// plan reads the beginning of a delta.
func (d *decoder) plan() (plan, error) {
	size, code, count := d.uvarint(), d.uvarint(), d.uvarint()
	if size > maxSize || code >= uint64(machines) || count > maxRuns {
		return plan{}, errDamaged
	}
	p := plan{size: int64(size), machine: machine(code), runs: make([]run, 0, min(count, 1<<16))}
	at, from := uint64(0), int64(0)
	for range count {
		gap, n, away := d.uvarint(), d.uvarint(), d.varint()
		if d.err != nil || gap > size || n > size || at+gap+n > size || away > maxSize || away < -maxSize {
			return plan{}, errors.Join(d.err, errDamaged)
		}
		at, from = at+gap, from+away
		if from < 0 || from+int64(n) > maxSize {
			return plan{}, errDamaged
		}
		p.runs = append(p.runs, run{uint32(at), uint32(from), uint32(n)})
		at, from = at+n, from+int64(n)
	}
	return p, d.err
}

// uvarint and varint read a number; after an error they are 0.
func (d *decoder) uvarint() (n uint64) {
	if d.err == nil {
		n, d.err = binary.ReadUvarint(d.delta)
		d.err = readError(d.err)
	}
	return n
}

func (d *decoder) varint() (n int64) {
	if d.err == nil {
		n, d.err = binary.ReadVarint(d.delta)
		d.err = readError(d.err)
	}
	return n
}

// correct makes what was foretold right: zeros where isNew says so.
func (d *decoder) correct(p []byte, isNew bool) error {
	for len(p) > 0 {
		if d.same == 0 && d.literals == 0 {
			if err := d.instruct(); err != nil {
				return err
			}
		}
		n := min(d.same, uint64(len(p)))
		d.same -= n
		p = p[n:]
		if d.same > 0 {
			return nil
		}
		n = min(d.literals, uint64(len(p)))
		if own := d.own[:n]; isNew {
			copy(p, own)
		} else {
			for i, more := range own {
				p[i] += more
			}
		}
		d.literals -= n
		d.own, p = d.own[n:], p[n:]
	}
	return nil
}

// instruct takes the next instruction. After the last block all is as foretold.
func (d *decoder) instruct() error {
	if len(d.instructions) == 0 && !d.last {
		if err := d.block(); err != nil {
			return err
		}
	}
	if d.last {
		d.same = maxSize
		return nil
	}
	same, n := binary.Uvarint(d.instructions)
	literals, m := binary.Uvarint(d.instructions[max(n, 0):])
	if n <= 0 || m <= 0 || literals > uint64(len(d.own)) || same+literals == 0 {
		return errDamaged
	}
	d.same, d.literals = same, literals
	d.instructions = d.instructions[n+m:]
	return nil
}

// block reads the instructions and the literals of a block, into the memory of those before.
func (d *decoder) block() error {
	instructions, literals := d.uvarint(), d.uvarint()
	if d.err != nil {
		return d.err
	}
	// An encoder passes each limit by one instruction at most.
	if len(d.own) > 0 || instructions > 2*maxInstructions || literals > blockLiterals+piece {
		return errDamaged
	}
	d.parts = slices.Grow(d.parts[:0], int(instructions+literals))[:instructions+literals]
	if _, err := io.ReadFull(d.delta, d.parts); err != nil {
		return readError(err)
	}
	d.instructions, d.own = d.parts[:instructions], d.parts[instructions:]
	d.last = instructions == 0
	return nil
}

// readError is an error of reading the delta; an early end is one.
func readError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read the delta: %w", err)
}
