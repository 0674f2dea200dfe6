package main

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// Pause collects every child that ends, and goes when it is told to, and not before.
func TestPause(t *testing.T) {
	// The test itself must survive the signals that arrive before pause listens.
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGTERM)
	defer signal.Stop(ignored)
	ended := make(chan struct{})
	go func() {
		main()
		close(ended)
	}()
	deadline := time.NewTimer(5 * time.Minute)
	defer deadline.Stop()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()

	first := child(t)
	// A child that has ended and was not collected can still be signalled. The first may end before
	// pause listens: the end of the second then has both collected.
	var second int
	for syscall.Kill(first, 0) == nil {
		select {
		case <-ticker.C:
			if second == 0 || syscall.Kill(second, 0) != nil {
				second = child(t)
			}
		case <-ended:
			t.Fatal("pause ended with its child")
		case <-deadline.C:
			t.Fatal("the child was not collected")
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-deadline.C:
		t.Fatal("pause did not end")
	}
}

// child starts a process that ends at once.
func child(t *testing.T) int {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
