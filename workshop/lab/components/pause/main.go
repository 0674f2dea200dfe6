// Command pause is process 1 of every pod of the lab: it holds the pod's namespaces open and reaps
// the children that others leave behind, until it is told to go. It does what upstream's pause
// does, and is built as a static binary of its own, since upstream's is an image that the lab
// cannot pull.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// reap collects every child that has ended. Several deaths may arrive as one signal, so it goes on
// until none is left.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			return
		}
	}
}
