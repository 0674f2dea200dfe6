package delta_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// program links functions as a linker does: one after the other, each with calls and accesses to
// others, whose distances depend on where all of them are. Each function is 32 bytes of noise of
// its own, with three distances and a table entry.
func program(functions []int) []byte {
	const size = 96
	place := map[int]int{}
	for i, f := range functions {
		place[f] = 512 + i*size
	}
	p := make([]byte, 512, 512+len(functions)*size)
	copy(p, "\x7fELF")
	binary.LittleEndian.PutUint16(p[18:], 62)
	for i, f := range functions {
		r := rand.New(rand.NewPCG(9, uint64(f)))
		code := noise(r, size)
		for k, begin := range [][]byte{{0xE8}, {0x48, 0x8D, 0x05}, {0x83, 0x3D}} {
			at := 30 + 10*k
			copy(code[at:], begin)
			at += len(begin)
			to := place[f/4*4+r.IntN(4)]
			binary.LittleEndian.PutUint32(code[at:], uint32(to-(512+i*size+at+4)))
		}
		binary.LittleEndian.PutUint64(code[80:], uint64(0x400000+place[f/4*4]))
		p = append(p, code...)
	}
	return p
}

// TestAddressesAreForetold: a program that has functions of another one at other places needs
// little more than these; and a program alone is shorter in a form that says what is called
// and not from where.
func TestAddressesAreForetold(t *testing.T) {
	t.Parallel()
	var base, target []int
	for f := range 4000 {
		base = append(base, f)
		if f/4%3 > 0 { // two of three groups, which call each other
			target = append(target, f)
		}
		if f%500 == 0 {
			target = append(target, 4000+f)
		}
	}
	b, p := program(base), program(target)
	text := encode(t, b, p)
	if !bytes.Equal(decode(t, b, text), p) {
		t.Fatal("other bytes")
	}
	if most := len(p) / 20; len(text) > most {
		t.Errorf("%d bytes for %d; %d should do", len(text), len(p), most)
	}
}

// TestNothing: a delta to nothing makes the program, and says the same wherever the same is called
// from.
func TestNothing(t *testing.T) {
	t.Parallel()
	call := func(from, to int) []byte {
		return binary.LittleEndian.AppendUint32([]byte{0xE8}, uint32(to-(from+5)))
	}
	p := make([]byte, 64)
	copy(p, "\x7fELF")
	binary.LittleEndian.PutUint16(p[18:], 62)
	for range 10000 {
		p = append(p, call(len(p), 64)...)
	}
	text := encode(t, nil, p)
	if !bytes.Equal(decode(t, nil, text), p) {
		t.Error("other bytes")
	}
	// But for where a piece of it begins or ends.
	if n := bytes.Count(text, []byte{0xE8, 64, 0, 0, 0}); n < 9000 {
		t.Errorf("%d of 10000 calls are said in the same way", n)
	}
}
