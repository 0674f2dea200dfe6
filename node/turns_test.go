package node

import (
	"context"
	"errors"
	"testing"
)

func TestTurns(t *testing.T) {
	turns := newTurns()
	take := func(name string) (func(), bool) {
		t.Helper()
		// A context that has ended: the turn is there at once, or it is not.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		done, err := turns.take(ctx, name)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return done, err == nil
	}
	must := func(name string, want bool) func() {
		t.Helper()
		done, got := take(name)
		if got != want {
			t.Fatalf("%q: got a turn: %t, want %t", name, got, want)
		}
		return done
	}
	etcd := must("etcd", true)
	must("etcd", false)
	must(everything, false)
	kubelet := must("kubelet", true)
	etcd()
	must(everything, false)
	kubelet()
	all := must(everything, true)
	must("etcd", false)
	must(everything, false)
	waiting := make(chan error, 1)
	go func() {
		done, err := turns.take(t.Context(), "etcd")
		if err == nil {
			done()
		}
		waiting <- err
	}()
	all()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}
