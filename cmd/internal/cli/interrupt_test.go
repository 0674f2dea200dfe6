//go:build unix

package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterruptible: the first signal asks, the second insists; a terminal that is closed asks
// only, however often.
func TestInterruptible(t *testing.T) {
	for _, test := range []struct {
		first, second, third syscall.Signal // the third always insists
		insists              int            // how often, after all three
	}{
		{syscall.SIGINT, syscall.SIGINT, syscall.SIGTERM, 2},
		{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, 1},
		{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM, 1},
	} {
		parent, end := context.WithCancel(t.Context())
		insisted := make(chan os.Signal, 3)
		ctx := interruptible(parent, 0, func(sig os.Signal) { insisted <- sig })
		raise(t, test.first)
		<-ctx.Done()
		if len(insisted) > 0 {
			t.Errorf("%v insists", test.first)
		}
		raise(t, test.second)
		raise(t, test.third)
		for last := os.Signal(nil); last != os.Signal(test.third); test.insists-- {
			last = <-insisted
		}
		if test.insists != 0 {
			t.Errorf("%v, %v, %v: wrong by %d", test.first, test.second, test.third, test.insists)
		}
		end()
	}
}

// TestInsisted: the second request says what to do, and the process ends by its signal.
func TestInsisted(t *testing.T) {
	const asked = "KBOOTSTRAP_TEST_DIE"
	if os.Getenv(asked) != "" {
		die(syscall.SIGINT)
		select {} // the signal is on its way
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestInsisted$")
	c.Env = append(os.Environ(), asked+"=1")
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", err)
	}
	if !strings.Contains(string(out), "run the same command again") {
		t.Errorf("it said %q", out)
	}
}

// raise sends this process a signal, and returns when it has come.
func raise(t *testing.T, sig syscall.Signal) {
	t.Helper()
	came := make(chan os.Signal, 1)
	signal.Notify(came, sig)
	defer signal.Stop(came)
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		t.Fatal(err)
	}
	<-came
}
