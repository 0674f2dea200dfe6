// Package delta writes a program as what it has of another one, the base, and what it has of its
// own. Programs that are linked from the same packages, as those of Kubernetes are, share half of
// their bytes, in runs of a few tens: compilers put the same functions into them, with other
// addresses in between.
//
// A delta is a series of blocks. Each has the length of its instructions and that of its literals,
// as varints, then both. An instruction is three varints: how many bytes come from the literals,
// how many follow from the base, and where these begin there, counted from where the base would be
// if it had gone on next to the literals. A block without instructions is the last. A delta is not
// compressed: that is for the writer that it is written to, which finds the instructions and the
// literals of a block side by side.
package delta

const (
	// maxBase is the largest base, in bytes: offsets have 32 bits.
	maxBase = 1<<32 - 1
	// blockLiterals is how many bytes of literals end a block.
	blockLiterals = 256 << 10
	// maxInstructions is how many bytes of instructions end a block.
	maxInstructions = 64 << 10
)
