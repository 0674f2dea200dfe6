//go:build e2e && vm

package e2e

import (
	"time"

	workshop "kbootstrap/workshop/lab"
)

// worksOn waits for a virtual machine by what it did, because the machine that it runs on may give
// it little: a wait has taken too long when its processors have worked for half of the limit, or
// when it does nothing at all.
func (m *machine) worksOn(limit time.Duration) (isLate func() bool) {
	m.t.Helper()
	const atLast = 10 // times the limit
	begin, before := time.Now(), m.worked()
	return func() bool {
		took := time.Since(begin)
		return took > limit && (m.worked()-before > limit/2 || took > atLast*limit)
	}
}

// worked is how long processors have worked for the virtual machine.
func (m *machine) worked() time.Duration {
	m.t.Helper()
	l, err := workshop.Open(m.dir)
	if err != nil {
		m.fatalf("%v", err)
	}
	took, err := l.CPUTime()
	if err != nil {
		m.fatalf("%v", err)
	}
	return took
}
