package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExecute(t *testing.T) {
	m, err := execute(t.Context(), time.Minute, "sh", "-c", `echo result; printf 'one\ntw' >&2; printf 'o\n' >&2`)
	if err != nil {
		t.Fatal(err)
	}
	if m.stdout != "result\n" || len(m.lines) != 2 || m.lines[0].text != "one" || m.lines[1].text != "two" {
		t.Errorf("stdout %q, lines %+v", m.stdout, m.lines)
	}
	if m.lines[0].at <= 0 || m.lines[1].at > m.wall {
		t.Errorf("lines at %s and %s of %s", m.lines[0].at, m.lines[1].at, m.wall)
	}
}

// What this process has in memory is not counted as that of a process that it starts.
func TestWatchMemory(t *testing.T) {
	mine := bytes.Repeat([]byte{1}, 64<<20)
	cat := exec.CommandContext(t.Context(), "cat")
	stdin, err := cat.StdinPipe() // it runs until this is closed
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchMemory(cat.Process.Pid)()
	if peak <= 0 || peak >= int64(len(mine)) {
		t.Errorf("cat takes %d bytes, this process at least %d", peak, len(mine))
	}
	if err := errors.Join(stdin.Close(), cat.Wait()); err != nil {
		t.Error(err)
	}
}

// The error says what the command said.
func TestExecuteFails(t *testing.T) {
	_, err := execute(t.Context(), time.Minute, "sh", "-c", "echo no such host >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("error is %v", err)
	}
}

// What the command has started ends with it: a script's ssh may not outlive Ctrl-C.
func TestExecuteEndsTheWholeGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := execute(ctx, time.Minute, "sh", "-c", `sleep 1000 & echo $! >"$0.new"; mv "$0.new" "$0"; wait`, file)
		done <- err
	}()
	var pid int
	eventually(t, "the command starts", func() bool {
		text, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	eventually(t, "the child is gone", func() bool {
		state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) ||
			strings.Contains(string(state), ") Z ")
	})
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so", what)
		}
	}
}
