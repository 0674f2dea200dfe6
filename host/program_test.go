package host

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"kbootstrap/internal/trial"
)

func TestRun(t *testing.T) {
	t.Setenv("LANG", "de_DE.UTF-8")
	t.Setenv("PATH", "/nowhere")
	t.Setenv("SECRET", "canary")
	out, err := Run(t.Context(), "env")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if !strings.Contains(string(out), "LC_ALL=C\n") || strings.Contains(string(out), "LANG=") ||
		strings.Contains(string(out), "canary") || strings.Contains(string(out), "nowhere") {
		t.Errorf("environment %q", lines)
	}
	if out, err := Run(t.Context(), "printf", "%s", "$HOME;`id`"); err != nil || string(out) != "$HOME;`id`" {
		t.Errorf("got %q, %v: arguments went through a shell", out, err)
	}
}

// TestRunJustWritten: a program that was just written is run, whatever else is just started; one
// that stays open is an error.
func TestRunJustWritten(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer end()
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				_, _ = Run(ctx, "true")
			}
		})
	}
	program := filepath.Join(t.TempDir(), "program")
	for range 100 {
		if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(ctx, program); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Run(ctx, program); !errors.Is(err, syscall.ETXTBSY) {
		t.Errorf("a program that is written was run: %v", err)
	}
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	const script = "echo plain; for i in 1 2 3 4 5 6 7 8 9 10 11; do echo line $i >&2; done; exit 3"
	_, err := Run(t.Context(), "sh", "-c", script)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v, want exit status 3", err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "sh -c ") || !strings.HasSuffix(text, ": exit status 3: "+
		"line 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\nline 11") {
		t.Errorf("got %q, want the argv, the status and the last ten lines", text)
	}
	if _, err := Run(t.Context(), "no-such-program"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v, want that it is not found", err)
	}
	if out, err := Run(t.Context(), "head", "-c", "17000000", "/dev/zero"); err == nil || len(out) != outputLimit {
		t.Errorf("got %d bytes, %v, want that this is too much", len(out), err)
	}
}

// A program that leaves something in the background that holds its output has ended well all the
// same. TestRunOutlivesThreads: a program is not killed when threads of this process end, of which
// one may have been the one that had started it.
func TestRunOutlivesThreads(t *testing.T) {
	t.Parallel()
	var programs, threads sync.WaitGroup
	for range 20 {
		programs.Go(func() {
			if _, err := Run(t.Context(), "sleep", "0.5"); err != nil {
				t.Error(err)
			}
		})
	}
	for range 500 {
		threads.Go(runtime.LockOSThread) // and never unlocked: the thread ends
	}
	threads.Wait()
	programs.Wait()
}

func TestRunDoesNotWaitForDaemons(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	out, err := Run(t.Context(), "sh", "-c", "sleep 1000 & echo $! > "+pid+"; echo started")
	if err != nil || string(out) != "started\n" {
		t.Errorf("got %q, %v", out, err)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), "kill", "-9", strings.TrimSpace(string(text))); err != nil {
		t.Error(err)
	}
}

func TestRunEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pids")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		// The child does not mind SIGTERM.
		_, err := Run(ctx, "sh", "-c", "(trap '' TERM; exec sleep 1000) & echo $$ $! > "+pids+"; wait")
		ended <- err
	}()
	var started []string
	trial.Eventually(t, "the program runs", func() bool {
		text, _ := os.ReadFile(pids)
		started = strings.Fields(string(text))
		return len(started) == 2
	})
	cause := errors.New("interrupted")
	cancel(cause)
	if err := <-ended; !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
	for _, pid := range started {
		trial.Eventually(t, "process "+pid+" has ended", func() bool { return !trial.Alive(pid) })
	}
}
