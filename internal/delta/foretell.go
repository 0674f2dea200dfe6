package delta

// piece is how many bytes are foretold at a time.
const piece = 64 << 10

// plan is what a delta says before its blocks.
type plan struct {
	size    int64 // of the target
	machine machine
	runs    []run // in their order in the target, where no two have a byte in common
}

// foretell calls next with what the target probably is, piece by piece: what the base has, with the
// addresses of the target, and zeros where isNew says that it is in no run. read reads the base.
func (p plan) foretell(
	read func(to []byte, from int64) error, next func(foretold []byte, at uint32, isNew bool) error,
) error {
	moved := newMoves(p.runs)
	buffer := make([]byte, piece)
	end := uint32(0)
	pass := func(until uint32) error {
		for end < until {
			zeros := buffer[:min(until-end, piece)]
			clear(zeros)
			if err := next(zeros, end, true); err != nil {
				return err
			}
			end += uint32(len(zeros))
		}
		return nil
	}
	for _, r := range p.runs {
		if err := pass(r.at); err != nil {
			return err
		}
		for done := uint32(0); done < r.n; {
			part := buffer[:min(r.n-done, piece)]
			if err := read(part, int64(r.from+done)); err != nil {
				return err
			}
			p.machine.foretell(part, r.from+done, r.at+done, moved)
			if err := next(part, r.at+done, false); err != nil {
				return err
			}
			done += uint32(len(part))
		}
		end = r.at + r.n
	}
	return pass(uint32(p.size))
}
