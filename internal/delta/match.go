package delta

import (
	"encoding/binary"
	"math/bits"
)

// How matches are looked for. The figures were chosen on the programs of Kubernetes 1.36.
const (
	window   = 24 // bytes that are hashed, and the shortest match at another place of the base
	shortest = 8  // the shortest match where the base goes on, next to other bytes
	nearby   = 64 // how many other bytes may be in between
	spacing  = 16 // of the places in the base that are indexed: functions begin at multiples of it
	stride   = 1  // of the places in the target that are looked up, away from the last match

	tableBits  = 22 // of the places, when the base is large
	filterBits = 3  // more than these has the filter
)

// run is a part of the target that is like a part of the base.
type run struct {
	at   uint32 // where it begins in the target
	from uint32 // and in the base
	n    uint32
}

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

// matcher looks for the runs.
type matcher struct {
	base, target []byte
	runs         []run
	end          int // in the target, of the last run
	next         int // in the base
}

// match returns the runs in their order in the target, where no two of them have a byte in common.
func match(base, target []byte) []run {
	m := matcher{base: base, target: target}
	x := newIndex(base)
	for i := 0; i+window <= len(target); {
		if from, n := m.goesOn(i); n >= shortest {
			m.add(i, from, n)
			i = m.end
			continue
		}
		if from, ok := x.find(target[i:]); ok {
			if n := common(target[i:], base[from:]); n >= window {
				back := commonEnd(target[m.end:i], base[:from])
				m.add(i-back, from-back, n+back)
				i = m.end
				continue
			}
		}
		i++
		if i-m.end > nearby {
			i = (i + stride - 1) &^ (stride - 1)
		}
	}
	return m.runs
}

// goesOn returns how much of the target at i is what the base goes on with, next to other bytes.
func (m *matcher) goesOn(i int) (from, n int) {
	from = m.next + i - m.end
	if len(m.runs) == 0 || i-m.end > nearby || from+shortest > len(m.base) ||
		binary.LittleEndian.Uint64(m.target[i:]) != binary.LittleEndian.Uint64(m.base[from:]) {
		return from, 0
	}
	return from, common(m.target[i:], m.base[from:])
}

// add adds a match. One that goes on where the last run would have been makes that longer, over
// the bytes in between.
func (m *matcher) add(at, from, n int) {
	if last := len(m.runs) - 1; last >= 0 && at-m.end <= nearby && at-m.end == from-m.next {
		m.runs[last].n = uint32(at + n - int(m.runs[last].at))
	} else {
		m.runs = append(m.runs, run{uint32(at), uint32(from), uint32(n)})
	}
	m.end, m.next = at+n, from+n
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
