package timeline

import "slices"

// Critical returns the critical path: the steps that led to the end of the run, each of which began
// when the one before it ended. To make any other step quicker does not make the run quicker.
func (r Run) Critical() []Step {
	last := r.lastStep()
	if last < 0 {
		return nil
	}
	path := []Step{r.Steps[last]}
	for len(path) <= len(r.Steps) {
		before, found := r.step(path[0].After, path[0])
		if !found {
			break
		}
		path = slices.Insert(path, 0, before)
	}
	return path
}

// lastStep is the index of the step that ended last, or -1.
func (r Run) lastStep() int {
	last := -1
	for i, s := range r.Steps {
		if last < 0 || s.End > r.Steps[last].End {
			last = i
		}
	}
	return last
}

// step finds the last step of an ID that ended before another began. What was done twice in a run
// has two steps.
func (r Run) step(id string, other Step) (Step, bool) {
	for _, s := range slices.Backward(r.Steps) {
		if s.ID() == id && s.Begin <= other.Begin && s.End <= other.End && s.Begin < other.End {
			return s, true
		}
	}
	return Step{}, false
}
