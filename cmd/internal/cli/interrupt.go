package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// sameAsking is the time within which two signals are one asking.
const sameAsking = 300 * time.Millisecond

// Interruptible returns a context that ends with the first signal that asks the tool to end:
// Ctrl-C, SIGTERM, or the terminal being closed. Whoever is in the middle of something makes it
// whole then. The second Ctrl-C or SIGTERM ends the process, as users of terraform expect; of a
// terminal that is closed, the shell and the kernel both tell, so that is no second asking. Nor is
// what comes at the same time: timeout(1) signals its command, and then the group that its command
// is in.
//
// Nor does a closed pipe behind the output end the tool, which would happen at the next line that
// it writes: what it does on hosts matters more than who reads of it.
func Interruptible(parent context.Context) context.Context {
	return interruptible(parent, sameAsking, die)
}

// interruptible is Interruptible with its parts: the time within which two signals are the same
// asking, and what the second asking calls.
func interruptible(parent context.Context, same time.Duration, now func(os.Signal)) context.Context {
	ctx, cancel := context.WithCancel(parent)
	// As many as may come before the first is looked at; others are lost, and that is as well.
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

// die ends the process by the signal, so that whoever started it sees what it died of.
func die(sig os.Signal) {
	number, ok := sig.(syscall.Signal)
	signal.Reset()
	if !ok || syscall.Kill(os.Getpid(), number) != nil {
		os.Exit(ExitInterrupted)
	}
}
