package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// programTimeout is how long a program may run when its caller gave no deadline. Installing
	// packages over a slow line is the slowest thing that is asked for.
	programTimeout = 15 * time.Minute
	// programGrace is how long a program has to end after SIGTERM, before SIGKILL. dpkg and rpm use
	// it to leave their data base whole.
	programGrace = 5 * time.Second
	outputLimit  = 16 << 20
	// busyLimit is how long a program may be open for writing, and busyPause is between two
	// attempts to start it.
	busyLimit   = 5 * time.Second
	busyPause   = 2 * time.Millisecond
	stderrLines = 10
)

// Runner starts a program by its argv, without a shell, and returns its standard output. An error
// carries the argv and the last lines of standard error.
type Runner func(ctx context.Context, argv ...string) ([]byte, error)

// Run is host.System.Run on a host: it starts a program by its argv, without a shell, in the C
// locale, and returns its standard output. The program and all that it started end with ctx. When
// this process is killed, the kernel kills the program, though not what that one started.
func Run(ctx context.Context, argv ...string) ([]byte, error) {
	if len(argv) == 0 {
		return nil, errors.New("no program given")
	}
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, programTimeout,
			fmt.Errorf("did not end within %s", programTimeout))
		defer cancel()
	}
	program := argv[0]
	if !strings.Contains(program, "/") {
		if program = Root("/").Program(program); program == "" {
			return nil, fmt.Errorf("%s: %w", argv[0], exec.ErrNotFound)
		}
	}
	for begun := time.Now(); ; {
		kept, err := runOnce(ctx, program, argv)
		if !errors.Is(err, syscall.ETXTBSY) || time.Since(begun) > busyLimit {
			return kept, err
		}
		// The program was just written by this process. A child that another goroutine is starting
		// has a copy of the descriptor until the kernel has put the child's own program into its
		// place, and nothing tells when that is (golang.org/issue/22315).
		select {
		case <-time.After(busyPause):
		case <-ctx.Done():
			return kept, err
		}
	}
}

// runOnce starts the program at a path, which argv names as its caller did.
func runOnce(ctx context.Context, program string, argv []string) ([]byte, error) {
	stdout := &head{limit: outputLimit}
	stderr := &tail{limit: 4096}
	cmd := exec.CommandContext(ctx, program, argv[1:]...)
	cmd.Env = environment()
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return signalGroup(cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = programGrace
	// The kernel kills the program when the thread that started it ends (PR_SET_PDEATHSIG is about
	// the thread). Threads that have been in another network namespace do end, see InNetwork, and
	// any thread may be such a one later: this one is kept until the program has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		// Whatever of the group did not mind SIGTERM.
		_ = signalGroup(cmd.Process.Pid, syscall.SIGKILL)
		return nil, fmt.Errorf("%s: %w", strings.Join(argv, " "), context.Cause(ctx))
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it ended well; what it left running in the background still holds its output
	}
	if err == nil && stdout.full {
		err = fmt.Errorf("wrote more than %d bytes", outputLimit)
	}
	if err != nil {
		return stdout.kept, &programError{argv: argv, err: err, stderr: stderr.lines(stderrLines)}
	}
	return stdout.kept, nil
}

// environment is the whole environment of a program: the same on each host, whatever the login gave
// us. Only the proxy settings are passed on, for the package managers.
func environment() []string {
	env := []string{
		"PATH=" + strings.Join(programDirs, ":"),
		"LC_ALL=C",
		"HOME=/root",
		"DEBIAN_FRONTEND=noninteractive",
		"SYSTEMD_PAGER=",
	}
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// programError says which program failed and what it said last.
type programError struct {
	argv   []string
	err    error
	stderr string
}

func (e *programError) Error() string {
	text := strings.Join(e.argv, " ") + ": " + e.err.Error()
	if e.stderr != "" {
		text += ": " + e.stderr
	}
	return text
}

func (e *programError) Unwrap() error { return e.err }

// head keeps the first bytes of an output and swallows the rest, so that a program with much to say
// does not block.
type head struct {
	kept  []byte
	limit int
	full  bool
}

func (h *head) Write(p []byte) (int, error) {
	keep := min(len(p), h.limit-len(h.kept))
	h.full = h.full || keep < len(p)
	h.kept = append(h.kept, p[:keep]...)
	return len(p), nil
}

// tail keeps the last bytes of an output.
type tail struct {
	kept  []byte
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - t.limit; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}

// lines returns the last n lines that are not empty.
func (t *tail) lines(n int) string {
	var lines []string
	for line := range strings.Lines(string(t.kept)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
