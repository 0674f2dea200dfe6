package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"kbootstrap/internal/posix"
)

// Process is all of `kbootstrap node`: it prepares the process, writes the sentinel line and serves
// one client on its standard input and output.
func Process(ctx context.Context, stdin, stdout *os.File, options Options) error {
	// The modes of files are said in full; a strict umask of the login must not take from them.
	posix.Umask(0o022)
	// When the control machine goes away in the middle of a step, the next write to standard output
	// must not kill the process on the spot, as Go has it for this one descriptor. Ignoring the
	// signal would be inherited by programs.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)

	yield()
	if _, err := io.WriteString(stdout, Sentinel); err != nil {
		return fmt.Errorf("node: %w", err)
	}
	return Serve(ctx, stdio{stdin, stdout}, options)
}

// yield lets what runs on the host go first: unpacking programs must starve neither its workload
// nor an API server that is just starting. In Linux the priority is a thread's; threads to come
// inherit it, and so do programs.
func yield() {
	const niceness = 10
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // it is only a matter of manners
	}
	for _, task := range tasks {
		if id, err := strconv.Atoi(task.Name()); err == nil {
			_ = posix.SetNiceness(id, niceness)
		}
	}
}

// stdio makes one stream of two files.
type stdio struct{ in, out *os.File }

func (s stdio) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s stdio) Write(p []byte) (int, error) { return s.out.Write(p) }
func (s stdio) Close() error                { return errors.Join(s.in.Close(), s.out.Close()) }
