package release

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// TestNoWay: a server that was never reached is tried a few times, all further artifacts of it fail
// at once, and it is one line of the message.
func TestNoWay(t *testing.T) {
	var dials atomic.Int32
	unreachable := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			dials.Add(1)
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("network is unreachable")}
		},
	}}
	f, err := newFetcher(&inventory.Cluster{}, Options{
		CacheDir: t.TempDir(), HTTP: unreachable,
		retry: retryPolicy{attempts: 5, base: time.Microsecond, longest: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	var artifacts []artifact
	for i := range 3 * parallel {
		artifacts = append(artifacts, artifact{
			url: fmt.Sprintf("https://a.example.org/%d", i), sum: fmt.Sprintf("%064x", i),
		})
	}
	artifacts = append(artifacts, artifact{image: "b.example.org/pause:3", sum: fmt.Sprintf("%064x", 99)})
	_, err = f.all(t.Context(), artifacts)
	if fault.OfLocal(err) != fault.ArtifactUnreachable {
		t.Errorf("got %v", err)
	}
	want := "fetch: 13 artifacts could not be fetched:\n" +
		"  no way to a.example.org, for 12 artifacts: dial tcp: network is unreachable\n" +
		"  no way to b.example.org, for 1 artifact: dial tcp: network is unreachable"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	// Those under way at the same time have their tries, and a registry is another server.
	if n := dials.Load(); n > (parallel+2)*wayAttempts {
		t.Errorf("%d connections were tried", n)
	}
}

// TestPatienceWithAServerThatWasReached: a connection that is refused in the middle of a run is
// tried as often as anything else.
func TestPatienceWithAServerThatWasReached(t *testing.T) {
	var w ways
	down := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	tries := func() int {
		n := 0
		policy := retryPolicy{attempts: 5, base: time.Microsecond, longest: time.Millisecond}
		err := policy.do(t.Context(), func() error {
			n++
			return w.judge("s", fmt.Errorf("get: %w", down))
		})
		w.giveUp("s", err)
		if !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
		return n
	}
	if err := w.judge("s", nil); err != nil {
		t.Error(err)
	}
	if n := tries(); n != 5 || w.lostAt("s") != nil {
		t.Errorf("a server that was reached is tried %d times, and given up: %v", n, w.lostAt("s"))
	}
	w = ways{}
	if n := tries(); n != wayAttempts || w.lostAt("s") == nil {
		t.Errorf("a server that was never reached is tried %d times, and given up: %v", n, w.lostAt("s"))
	}
}
