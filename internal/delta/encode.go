package delta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Encode writes the target as a delta to the base, which may be empty. It changes both while it is
// at work.
func Encode(w io.Writer, base, target []byte) error {
	if len(base) > maxSize || len(target) > maxSize {
		return errors.New("delta: a file has more than a gigabyte")
	}
	p := plan{size: int64(len(target)), machine: machineOf(target)}
	// Distances are not compared: they differ in what else is the same.
	inBase, inTarget := p.machine.mask(base), p.machine.mask(target)
	p.runs = match(base, target)
	p.machine.unmask(base, inBase)
	p.machine.unmask(target, inTarget)

	e := encoder{w: w}
	e.write(p.text())
	err := p.foretell(
		func(to []byte, from int64) error { copy(to, base[from:]); return nil },
		func(foretold []byte, at uint32, isNew bool) error {
			is := target[at : int(at)+len(foretold)]
			if isNew {
				is = bytes.Clone(is)
				p.machine.absolute(is, at)
			}
			e.correct(foretold, is)
			return e.err
		})
	if len(e.instructions) > 0 {
		e.flush()
	}
	e.flush() // the last block is empty
	return errors.Join(err, e.err)
}

// text is the beginning of a delta.
func (p plan) text() []byte {
	text := binary.AppendUvarint(nil, uint64(p.size))
	text = binary.AppendUvarint(text, uint64(p.machine))
	text = binary.AppendUvarint(text, uint64(len(p.runs)))
	var last run
	for _, r := range p.runs {
		text = binary.AppendUvarint(text, uint64(r.at-last.at-last.n))
		text = binary.AppendUvarint(text, uint64(r.n))
		text = binary.AppendVarint(text, int64(r.from)-int64(last.from)-int64(last.n))
		last = r
	}
	return text
}

// encoder has what was not written yet.
type encoder struct {
	w    io.Writer
	same int // bytes that are as foretold, after the last instruction

	instructions, literals []byte
	err                    error
}

func (e *encoder) write(text []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(text)
	}
}

// correct says where the target is not as foretold.
func (e *encoder) correct(foretold, is []byte) {
	for i := 0; i < len(is); {
		n := common(is[i:], foretold[i:])
		e.same += n
		if i += n; i == len(is) {
			return
		}
		begin, end := i, i+1 // of what differs, and of a few bytes that do not
		for i++; i < len(is) && i-end < shortest; i++ {
			if is[i] != foretold[i] {
				end = i + 1
			}
		}
		e.instruct(foretold[begin:end], is[begin:end])
		i = end
	}
}

func (e *encoder) instruct(foretold, is []byte) {
	e.instructions = binary.AppendUvarint(e.instructions, uint64(e.same))
	e.instructions = binary.AppendUvarint(e.instructions, uint64(len(is)))
	e.same = 0
	for i := range is {
		e.literals = append(e.literals, is[i]-foretold[i])
	}
	if len(e.literals) >= blockLiterals || len(e.instructions) >= maxInstructions {
		e.flush()
	}
}

// flush writes the block.
func (e *encoder) flush() {
	e.write(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(e.instructions))), uint64(len(e.literals))))
	e.write(e.instructions)
	e.write(e.literals)
	e.instructions, e.literals = e.instructions[:0], e.literals[:0]
}
