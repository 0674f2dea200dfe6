package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// measured is what a command took, from the start of its process to its end.
type measured struct {
	start  time.Time
	wall   time.Duration
	cpu    time.Duration // user and system, of it and of the children that it waited for
	memory int64         // the most bytes that it had in memory, without its children
	stdout string
	lines  []line
}

// line is a line on standard error, with the time since the start at which it came.
type line struct {
	at   time.Duration
	text string
}

// stamps takes standard error and notes when each line ends.
type stamps struct {
	begin time.Time
	part  []byte
	lines []line
}

func (s *stamps) Write(p []byte) (int, error) {
	at := time.Since(s.begin)
	s.part = append(s.part, p...)
	for {
		text, rest, found := bytes.Cut(s.part, []byte("\n"))
		if !found {
			return len(p), nil
		}
		s.lines = append(s.lines, line{at, string(text)})
		s.part = rest
	}
}

// execute runs a command to its end. It gets a process group of its own, which is ended as a whole
// with the context: a Ctrl-C does not reach it before we say so.
func execute(ctx context.Context, limit time.Duration, argv ...string) (measured, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done after %s", limit))
	defer cancel()
	var stdout bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	stderr := &stamps{begin: time.Now()}
	cmd.Stdout, cmd.Stderr = &stdout, stderr
	if err := cmd.Start(); err != nil {
		return measured{}, err
	}
	memory := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	m := measured{
		start: stderr.begin, wall: time.Since(stderr.begin), memory: memory(),
		stdout: stdout.String(), lines: stderr.lines,
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s", filepath.Base(argv[0]), err, m.end())
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return m, nil
}

// memoryPoll is how often a process is asked for its peak of memory: what it takes in its last
// moments is missed.
const memoryPoll = 10 * time.Millisecond

// watchMemory watches a process until the returned function is called, which tells the most bytes
// that it had in memory. That of getrusage(2) will not do: it counts what the process that started
// it had before.
func watchMemory(pid int) func() int64 {
	peak := memoryPeak(pid)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticks := time.NewTicker(memoryPoll)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				peak = max(peak, memoryPeak(pid))
			case <-stop:
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-stopped
		return peak
	}
}

// memoryPeak is VmHWM of proc_pid_status(5) in bytes; 0 when the process has ended.
func memoryPeak(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kilobytes int64
	for text := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(text, "VmHWM: %d kB", &kilobytes); n == 1 {
			break
		}
	}
	return kilobytes << 10
}

// end is the end of what the command said, where the cause of a failure stands.
func (m measured) end() string {
	var b strings.Builder
	for _, l := range m.lines[max(0, len(m.lines)-30):] {
		fmt.Fprintf(&b, "  %6.2f  %s\n", l.at.Seconds(), l.text)
	}
	return b.String() + m.stdout
}
