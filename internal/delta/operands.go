package delta

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Most of what differs between the same function in two programs are addresses: the function, what
// it calls and what it reads are at other places. An instruction has them as the distance from its
// own place, and tables have them as they are. Where addresses are is a guess, made of bytes that
// are the same on both sides; nothing but lengths depends on it.

// operandSize is how many bytes a distance in an instruction has.
const operandSize = 4

// machine is what code is for.
type machine uint8

const (
	anyMachine machine = iota // addresses are not looked for
	amd64
	machines // how many there are
)

// machineOf is the machine of the first program in a file, which is one or an archive.
func machineOf(file []byte) machine {
	const block, machineAt, amd64Machine = 512, 18, 62 // of a tar; of an ELF header
	for at := 0; at+machineAt+2 <= len(file); at += block {
		if bytes.HasPrefix(file[at:], []byte("\x7fELF")) {
			if binary.LittleEndian.Uint16(file[at+machineAt:]) == amd64Machine {
				return amd64
			}
			return anyMachine
		}
	}
	return anyMachine
}

// opensAccess are the bytes before the one that says that a distance follows: the last part of what
// an instruction of amd64 does.
var opensAccess = [256]bool{
	0x03: true, 0x10: true, 0x11: true, 0x2B: true, 0x38: true, 0x39: true, 0x3B: true, 0x6F: true, 0x7F: true,
	0x80: true, 0x81: true, 0x83: true, 0x85: true, 0x88: true, 0x89: true, 0x8A: true, 0x8B: true, 0x8D: true,
	0xB6: true, 0xB7: true, 0xC6: true, 0xC7: true, 0xFF: true,
}

const (
	call    = 0xE8 // a distance follows
	isFar   = 0xC7 // of a byte after one of opensAccess, the bits that say so
	far     = 0x05 // what they are then
	ofEight = 0x0101010101010101
)

// next returns where the next distance in the code is, from i on, or the length of the code when
// there is none. It looks at eight bytes at a time: most are of no interest.
func (m machine) next(code []byte, from int) int {
	if m != amd64 {
		return len(code)
	}
	for i := from; i+8 <= len(code); {
		w := binary.LittleEndian.Uint64(code[i:])
		found := zeroBytes(w&(isFar*ofEight)^far*ofEight) | zeroBytes(w^call*ofEight)
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found)/8 + 1
		if i+operandSize > len(code) {
			break
		}
		if code[i-1] == call || i-2 >= from && opensAccess[code[i-2]] {
			return i
		}
	}
	return len(code)
}

// zeroBytes has the high bit of the first byte of w that is zero, and of none before it.
func zeroBytes(w uint64) uint64 { return (w - ofEight) &^ w & (0x80 * ofEight) }

// mask clears the distances in the code, and returns what they were.
func (m machine) mask(code []byte) (distances []uint32) {
	for i := m.next(code, 0); i < len(code); i = m.next(code, i+operandSize) {
		distances = append(distances, binary.LittleEndian.Uint32(code[i:]))
		binary.LittleEndian.PutUint32(code[i:], 0)
	}
	return distances
}

// unmask is the opposite of mask.
func (m machine) unmask(code []byte, distances []uint32) {
	for i := m.next(code, 0); i < len(code); i = m.next(code, i+operandSize) {
		binary.LittleEndian.PutUint32(code[i:], distances[0])
		distances = distances[1:]
	}
}

// absolute makes addresses of the distances in code that is at an offset; relative is its opposite.
func (m machine) absolute(code []byte, at uint32) { m.add(code, at, 1) }
func (m machine) relative(code []byte, at uint32) { m.add(code, at, ^uint32(0)) }

// add adds its place, times a sign, to each distance. Distances have 28 bits: what is longer is
// none.
func (m machine) add(code []byte, at, sign uint32) {
	const unused = 32 - 28
	for i := m.next(code, 0); i < len(code); i = m.next(code, i+operandSize) {
		v := binary.LittleEndian.Uint32(code[i:])
		if uint32(int32(v<<unused)>>unused) != v {
			continue
		}
		v += sign * (at + uint32(i+operandSize))
		binary.LittleEndian.PutUint32(code[i:], uint32(int32(v<<unused)>>unused))
	}
}

// foretell makes of what is at an offset of the base what it probably is at one of the target.
func (m machine) foretell(p []byte, from, at uint32, moved *moves) {
	if m == anyMachine {
		return
	}
	moved.table(p, from)
	for i := m.next(p, 0); i < len(p); i = m.next(p, i+operandSize) {
		place := uint32(i + operandSize)
		to := moved.of(from + place + binary.LittleEndian.Uint32(p[i:]))
		binary.LittleEndian.PutUint32(p[i:], to-at-place)
	}
}
