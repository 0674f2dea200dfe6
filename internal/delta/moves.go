package delta

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// cellBits is how many bits of an offset in the base do not matter for an index of moves.cells.
const cellBits = 8

// moves tells where in the target what is at an offset of the base is.
type moves struct {
	runs  []run    // in their order in the base
	cells []uint32 // by the offset in the base, how many runs begin before the cell
	size  uint32   // of the base, as far as runs tell
}

func newMoves(all []run) *moves {
	m := &moves{}
	for _, r := range all {
		m.size = max(m.size, r.from+r.n)
	}
	sorted, end := m.sort(all), uint32(0)
	m.runs = sorted[:0]
	for _, r := range sorted {
		if r.from+r.n > end { // else all of it is in one before
			end = r.from + r.n
			m.runs = append(m.runs, r)
		}
	}
	m.count(m.runs)
	return m
}

// count sets the cells for runs.
func (m *moves) count(runs []run) {
	m.cells = make([]uint32, m.size>>cellBits+2)
	for _, r := range runs {
		m.cells[r.from>>cellBits+1]++
	}
	for c := range m.cells[1:] {
		m.cells[c+1] += m.cells[c]
	}
}

// sort returns the runs in their order in the base, of those that begin together the longest first.
// A cell has few, and to compare all with each other takes five times as long.
func (m *moves) sort(all []run) []run {
	m.count(all)
	sorted, next := make([]run, len(all)), m.cells
	for _, r := range all {
		cell := r.from >> cellBits
		sorted[next[cell]] = r
		next[cell]++
	}
	begin := uint32(0)
	for _, end := range next { // where the next cell begins, by now
		if end > begin+1 {
			slices.SortFunc(sorted[begin:end], func(a, b run) int {
				return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.n, a.n), cmp.Compare(a.at, b.at))
			})
		}
		begin = end
	}
	return sorted
}

// of returns where in the target an offset of the base is. What is in no run has moved as the run
// before it.
func (m *moves) of(offset uint32) uint32 {
	i := int(m.cells[min(int(offset>>cellBits), len(m.cells)-1)])
	for i < len(m.runs) && m.runs[i].from <= offset {
		i++
	}
	r := &m.runs[max(i, 1)-1]
	return offset + r.at - r.from
}

// origin is where the linker of Go has programs for amd64 begin in memory.
const origin = 0x400000

// table does the same for the addresses in a part of the base, at an offset of that: each word of
// eight bytes that could be one.
func (m *moves) table(p []byte, from uint32) {
	for i := int(-from & 7); i+8 <= len(p); i += 8 {
		if v := binary.LittleEndian.Uint64(p[i:]); v-origin < uint64(m.size) {
			binary.LittleEndian.PutUint64(p[i:], uint64(m.of(uint32(v-origin)))+origin)
		}
	}
}
