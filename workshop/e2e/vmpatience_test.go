//go:build e2e && vm

package e2e

import (
	"regexp"
	"slices"
	"strings"
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

// errorCode names an error that a run tells of.
var errorCode = regexp.MustCompile(`error\[(KB\d+)\]`)

// gaveUp reports whether a run ended with nothing but waits whose time was up (KB5011, KB5012, and
// KB5019 of a rollout): a host that is given too little of its machine is late, and its user runs
// the tool again.
func gaveUp(told string) bool {
	codes := errorCode.FindAllStringSubmatch(told, -1)
	return len(codes) > 0 && !slices.ContainsFunc(codes, func(c []string) bool {
		return !slices.Contains([]string{"KB5011", "KB5012", "KB5019"}, c[1])
	})
}

// comesUp brings the cluster up, in as many runs as waits that were given up make necessary.
func (m *machine) comesUp() (r result) {
	m.t.Helper()
	for range 4 {
		if r = m.run(10*time.Minute, m.vmArguments()...); r.code == 0 || !gaveUp(r.stdout+r.stderr) {
			return r
		}
		m.t.Logf("a run has given up waiting, and the next one goes on:\n%s%s", r.stdout, r.stderr)
	}
	return r
}

// ofAPI are changes that were made by asking the API.
var ofAPI = regexp.MustCompile(`^(object|node) `)

// upAgain checks that another up changes nothing. An API server with a part of one processor may
// leave a question open, and what is not known is sent again: then the run after it is the one that
// counts. A file or a service that changes is never taken for that.
func (m *machine) upAgain() {
	m.t.Helper()
	for range 3 {
		changes, log := m.changesOfUp(m.flags...)
		if len(changes) == 0 {
			return
		}
		for _, c := range changes {
			if !ofAPI.MatchString(c) {
				m.fatalf("the next up changed something, see %s:\n%s", log, strings.Join(changes, "\n"))
			}
		}
		m.t.Logf("the API was asked again for %s", strings.Join(changes, "\n"))
	}
	m.fatalf("up always finds something to do")
}
