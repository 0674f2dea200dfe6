package delta

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
)

// How matches are looked for. The figures were chosen on the programs of Kubernetes 1.36: with a
// stride of one byte a kubelet is 4 % smaller next to the API server, and takes twice the time.
const (
	window   = 24 // bytes that are hashed, and the shortest match at another place of the base
	shortest = 8  // the shortest match where the base goes on, next to the literals
	nearby   = 32 // how many literals may be in between
	spacing  = 16 // of the places in the base that are indexed: functions begin at multiples of it
	stride   = 4  // of the places in the target that are looked up, away from the last match

	tableBits  = 22 // of the places, when the base is large
	filterBits = 3  // more than these has the filter
)

// index finds where in a base the bytes of a window are.
type index struct {
	// places has one more than the offset of a window, by the hash.
	places []uint32
	// filter has a bit for each hash that is there. It fits into a processor's cache, which places
	// does not, and most windows are not there.
	filter []uint64
	shift  int // of a hash, to be an index of places
}

func newIndex(base []byte) *index {
	size := min(tableBits, max(6, bits.Len(uint(len(base)/spacing))))
	x := &index{places: make([]uint32, 1<<size), filter: make([]uint64, 1<<(size+filterBits-6)), shift: 64 - size}
	for i := 0; i+window <= len(base); i += spacing {
		h := hash(base[i:])
		x.places[h>>x.shift] = uint32(i + 1)
		bit := h >> (x.shift - filterBits)
		x.filter[bit>>6] |= 1 << (bit & 63)
	}
	return x
}

// hash is that of the window at the beginning of p.
func hash(p []byte) uint64 {
	const odd = 0x9E3779B97F4A7C15 // 2^64 by the golden ratio
	h := binary.LittleEndian.Uint64(p)*odd ^ binary.LittleEndian.Uint64(p[8:])
	h = h*odd ^ binary.LittleEndian.Uint64(p[16:])
	return h * odd
}

// find returns where the base may have the window at the beginning of p.
func (x *index) find(p []byte) (at int, ok bool) {
	h := hash(p)
	bit := h >> (x.shift - filterBits)
	if x.filter[bit>>6]&(1<<(bit&63)) == 0 {
		return 0, false
	}
	place := x.places[h>>x.shift]
	return int(place) - 1, place != 0
}

// Encode writes the target as a delta to the base.
func Encode(w io.Writer, base, target []byte) error {
	if len(base) > maxBase {
		return errors.New("delta: the base has more than 4 GB")
	}
	e := encoder{w: w, target: target}
	x := newIndex(base)
	for i := 0; i+window <= len(target); {
		if from, n := e.goesOn(base, i); n >= shortest {
			e.emit(i, from, n)
			i = e.end
			continue
		}
		if from, ok := x.find(target[i:]); ok {
			if n := common(target[i:], base[from:]); n >= window {
				back := commonEnd(target[e.end:i], base[:from])
				e.emit(i-back, from-back, n+back)
				i = e.end
				continue
			}
		}
		i++
		if i-e.end > nearby {
			i = (i + stride - 1) &^ (stride - 1)
		}
		if e.err != nil {
			return e.err
		}
	}
	e.emit(len(target), e.next, 0)
	e.flush()
	e.flush() // the last block is empty
	return e.err
}

// encoder has what was not written yet.
type encoder struct {
	w      io.Writer
	target []byte
	end    int // of what the instructions have of the target
	next   int // where the base goes on
	begun  bool

	instructions, literals []byte
	err                    error
}

// goesOn returns how much of the target at i is what the base goes on with, next to the literals.
func (e *encoder) goesOn(base []byte, i int) (from, n int) {
	from = e.next + i - e.end
	if !e.begun || i-e.end > nearby || from+shortest > len(base) ||
		binary.LittleEndian.Uint64(e.target[i:]) != binary.LittleEndian.Uint64(base[from:]) {
		return from, 0
	}
	return from, common(e.target[i:], base[from:])
}

// emit says that the target has, after what was emitted, literals up to at, and then n bytes of the
// base.
func (e *encoder) emit(at, from, n int) {
	for at-e.end > blockLiterals { // a long run of literals takes several blocks
		e.instruct(e.end+blockLiterals, e.next+blockLiterals, 0)
	}
	e.instruct(at, from, n)
	e.begun = true
}

func (e *encoder) instruct(at, from, n int) {
	literals := at - e.end
	e.instructions = binary.AppendUvarint(e.instructions, uint64(literals))
	e.instructions = binary.AppendUvarint(e.instructions, uint64(n))
	e.instructions = binary.AppendVarint(e.instructions, int64(from-e.next-literals))
	e.literals = append(e.literals, e.target[e.end:at]...)
	e.end, e.next = at+n, from+n
	if len(e.literals) >= blockLiterals || len(e.instructions) >= maxInstructions {
		e.flush()
	}
}

// flush writes the block.
func (e *encoder) flush() {
	head := binary.AppendUvarint(nil, uint64(len(e.instructions)))
	head = binary.AppendUvarint(head, uint64(len(e.literals)))
	for _, part := range [][]byte{head, e.instructions, e.literals} {
		if e.err == nil {
			_, e.err = e.w.Write(part)
		}
	}
	e.instructions, e.literals = e.instructions[:0], e.literals[:0]
}

// common returns how many bytes a and b have in common at their beginnings.
func common(a, b []byte) int {
	n, most := 0, min(len(a), len(b))
	for n+8 <= most && binary.LittleEndian.Uint64(a[n:]) == binary.LittleEndian.Uint64(b[n:]) {
		n += 8
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}

// commonEnd returns how many bytes a and b have in common at their ends.
func commonEnd(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}
