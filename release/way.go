package release

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
)

// wayAttempts is how often a server is tried to which no connection was ever made in this run: a
// machine without the internet is told so within seconds.
const wayAttempts = 3

// wayError is that no connection to a server could be made.
type wayError struct {
	server string
	isNew  bool // nothing came from it yet in this run
	err    error
}

func (e *wayError) Error() string { return e.err.Error() }
func (e *wayError) Unwrap() error { return e.err }

// ways are the servers that a run has tried to connect to. All methods may be called at a time.
type ways struct {
	mu      sync.Mutex
	reached map[string]bool
	lost    map[string]error // how those failed for which the run has given up
}

// judge notes whether a server was reached, by the error of a transfer, and returns the error: a
// *wayError if there was no connection.
func (w *ways) judge(server string, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return &transientError{err: &wayError{server, !w.reached[server], dial}}
	}
	if w.reached == nil {
		w.reached = map[string]bool{}
	}
	w.reached[server] = true
	return err
}

// giveUp has all further artifacts of the server fail at once, where err is that there is no way to
// it and there never was.
func (w *ways) giveUp(server string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost == nil {
		w.lost = map[string]error{}
	}
	if way := (*wayError)(nil); errors.As(err, &way) && way.isNew && !w.reached[server] {
		w.lost[server] = err
	}
}

// lostAt returns how a server failed for which the run has given up.
func (w *ways) lostAt(server string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost[server]
}

// byServer gathers what failed because there is no way to a server: a line for each server, in the
// order of the problems, and the other problems.
func byServer(problems []error) (lines []string, others []error) {
	var servers []string
	of, why := map[string]int{}, map[string]error{}
	for _, p := range problems {
		var way *wayError
		if !errors.As(p, &way) || errors.As(p, new(placesError)) {
			others = append(others, p)
			continue
		}
		if of[way.server]++; of[way.server] == 1 {
			servers, why[way.server] = append(servers, way.server), way.err
		}
	}
	for _, server := range servers {
		host := server
		if _, after, ok := strings.Cut(server, "://"); ok {
			host, _, _ = strings.Cut(after, "/")
		}
		artifacts := "1 artifact"
		if n := of[server]; n > 1 {
			artifacts = fmt.Sprintf("%d artifacts", n)
		}
		lines = append(lines, fmt.Sprintf("no way to %s, for %s: %v", host, artifacts, why[server]))
	}
	return lines, others
}
