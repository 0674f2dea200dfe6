// Package delta writes a program as what it has of another one, the base, and what it has of its
// own. Programs that are linked from the same packages, as those of Kubernetes are, share half of
// their code, and in it all but the addresses.
//
// Encode finds the runs: parts of the target that are like a part of the base, but for addresses.
// From them follows where in the target everything of the base is, so most of the addresses in a
// run can be foretold (see operands.go). A delta has the runs, and where the target is not as it
// was foretold. What is in no run has the addresses of what it calls instead of distances to it:
// they are the same at each call. So a delta to nothing is shorter, compressed, than the program.
//
// A delta begins with how long the target is, the machine that its code is for, and how many runs
// there are, all varints. A run is three varints: how many bytes after the last one it begins, how
// long it is, and where it is in the base, counted from where the base would be if it had gone on
// at the last run. Then come blocks. Each has the length of its instructions and that of its
// literals, as varints, then both. An instruction is two varints: how many bytes are as foretold,
// and to how many after them literals are added. A block without instructions is the last: the rest
// is as foretold. A delta is not compressed: that is for the writer that it is written to.
package delta

// Nothing names the base of a delta that has none, where others have a sum.
const Nothing = "nothing"

const (
	// maxSize is the largest base and the largest target, in bytes.
	maxSize = 1 << 30
	// maxRuns is how many runs there can be.
	maxRuns = 1 << 22
	// blockLiterals is how many bytes of literals end a block.
	blockLiterals = 256 << 10
	// maxInstructions is how many bytes of instructions end a block.
	maxInstructions = 64 << 10
)
