package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"kbootstrap/internal/posix"
)

// sameAsking is the time within which two signals count as one request to stop.
const sameAsking = 300 * time.Millisecond

// Interruptible returns a context that ends with the first signal that asks the tool to stop:
// Ctrl-C, SIGTERM, or a closed terminal. Work that is under way is then brought to a safe end. The
// second Ctrl-C or SIGTERM ends the process, as users of terraform expect. A second SIGHUP does
// not, because the shell and the kernel both send one when a terminal is closed. Nor does a signal
// that comes at the same time as the first: timeout(1) signals its command and then the command's
// group.
//
// A closed pipe behind the output does not end the tool, which would otherwise happen at the next
// line that it writes: its work on the hosts matters more than its readers.
func Interruptible(parent context.Context) context.Context {
	return interruptible(parent, sameAsking, die)
}

// interruptible is Interruptible with its parts: the time within which two signals count as one
// request, and what the second request calls.
func interruptible(parent context.Context, same time.Duration, now func(os.Signal)) context.Context {
	ctx, cancel := context.WithCancel(parent)
	// There is room for the signals that may come before the first is handled; losing more of them
	// does no harm.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	go func() {
		defer signal.Stop(pipe)
		defer signal.Stop(signals)
		var asked time.Time
		for {
			select {
			case sig := <-signals:
				switch {
				case asked.IsZero():
					asked = time.Now()
				case sig != syscall.SIGHUP && time.Since(asked) >= same:
					now(sig)
				}
				cancel()
			case <-parent.Done():
				return
			}
		}
	}()
	return ctx
}

// insisted is what the second request is answered with. It begins on a line of its own, because the
// terminal has written ^C.
const insisted = "\nended at once, without waiting for anything: run the same command again to finish\n"

// die ends the process by the signal, so that its parent sees the cause.
func die(sig os.Signal) {
	_, _ = os.Stderr.WriteString(insisted) // who cannot read it has lost the terminal
	number, ok := sig.(syscall.Signal)
	signal.Reset()
	if !ok || posix.Kill(os.Getpid(), number) != nil {
		os.Exit(ExitInterrupted)
	}
}
