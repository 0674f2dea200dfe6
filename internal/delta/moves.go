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
	cells []uint32 // by the offset in the base: the last run that begins before the cell, or with it
	size  uint32   // of the base, as far as runs tell
}

func newMoves(all []run) *moves {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b run) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.n, a.n)) })
	m := &moves{runs: sorted[:0]}
	for _, r := range sorted {
		if end := r.from + r.n; end > m.size { // else all of it is in one before
			m.size = end
			m.runs = append(m.runs, r)
		}
	}
	m.cells = make([]uint32, m.size>>cellBits+1)
	next := 0
	for c := range m.cells {
		for next < len(m.runs) && m.runs[next].from <= uint32(c)<<cellBits {
			next++
		}
		m.cells[c] = uint32(max(next, 1) - 1)
	}
	return m
}

// of returns where in the target an offset of the base is. What is in no run has moved as the run
// before it.
func (m *moves) of(offset uint32) uint32 {
	i := int(m.cells[min(int(offset>>cellBits), len(m.cells)-1)])
	for i+1 < len(m.runs) && m.runs[i+1].from <= offset {
		i++
	}
	return offset + m.runs[i].at - m.runs[i].from
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
