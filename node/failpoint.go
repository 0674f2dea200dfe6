//go:build crash

package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"kbootstrap/host"
	"kbootstrap/internal/posix"
)

// FailpointFile says where a node built with the tag "crash" breaks: the JSON of a Failpoint. It is
// removed when it has served. FailpointLog gets a line for each step of a session.
const (
	FailpointFile = "/run/kbootstrap-failpoint.json"
	FailpointLog  = "/run/kbootstrap-failpoint.log"
)

// Failpoint is one place and one way to break. Only programs built for the crash tests have it:
// whoever could write the file is root already, but a tool that can be told to kill itself has no
// place on a host.
type Failpoint struct {
	Step int    `json:"step"` // the number of the step in its session, from 1
	How  string `json:"how"`  // "before", "after": SIGKILL; "error"; "cut": the SSH server's process is killed
}

// failpoint reads the file again in each session.
func failpoint() func(step host.Step, do func() error) error {
	var point Failpoint
	if text, err := os.ReadFile(FailpointFile); err != nil || json.Unmarshal(text, &point) != nil {
		point = Failpoint{}
	}
	var mu sync.Mutex
	steps := 0
	return func(step host.Step, do func() error) error {
		mu.Lock()
		if steps == 0 {
			_ = os.Remove(FailpointLog)
		}
		steps++
		here := steps == point.Step
		if log, err := os.OpenFile(FailpointLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			fmt.Fprintln(log, steps, step)
			_ = log.Close()
		}
		if here {
			_ = os.Remove(FailpointFile)
		}
		mu.Unlock()
		if !here {
			return do()
		}
		switch point.How {
		case "before":
			return die()
		case "after":
			_ = do()
			return die()
		case "cut":
			hangUp()
			return do()
		}
		return errors.New("failpoint: input/output error")
	}
}

// die is kill -9.
func die() error {
	_ = posix.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// hangUp kills the nearest process of sshd above this one, with which the connection ends.
func hangUp() {
	for pid := os.Getppid(); pid > 1; {
		name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
		if strings.HasPrefix(string(name), "sshd") {
			_ = posix.Kill(pid, syscall.SIGKILL)
			return
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if pid, err = strconv.Atoi(fields[1]); err != nil {
			return
		}
	}
}
