package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Results is what the file of results holds.
type Results struct {
	Began      time.Time `json:"began"`
	Version    string    `json:"version"` // of the tool
	Kubernetes string    `json:"kubernetes"`
	Bare       string    `json:"bare"` // how hosts were made bare: "fresh" or "reset"
	Machine    Machine   `json:"machine"`
	Runs       []Run     `json:"runs"` // in the order in which they were made
}

// Machine is where it was measured: all hosts of the lab share it.
type Machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory int64   `json:"memory"` // bytes
	Kernel string  `json:"kernel"`
	Load   float64 `json:"load"` // the average of the minute before the first run
}

// Run is one run of one scenario. Times are in seconds.
type Run struct {
	Scenario string             `json:"scenario"`
	Wall     float64            `json:"wall"`             // from the start of the process to its end
	Phases   map[string]float64 `json:"phases"`           // see phases.go
	CPU      float64            `json:"cpu"`              // user and system time of the control process
	HostsCPU float64            `json:"hostsCPU"`         // the same of all hosts together, while it ran
	Memory   int64              `json:"memory,omitempty"` // its peak, in bytes; not of kubeadm's script
	Hosts    costs              `json:"hosts"`
	Floor    *Floor             `json:"floor,omitempty"` // the parts of Wall, of a floor
}

// newResults describes the machine and the program.
func newResults(ctx context.Context, o options) (*Results, error) {
	r := &Results{Began: time.Now().UTC().Truncate(time.Second), Kubernetes: o.kubernetes, Bare: "fresh", Runs: []Run{}}
	if o.reset {
		r.Bare = "reset"
	}
	m, err := execute(ctx, time.Minute, o.program, "--version")
	if err != nil {
		return nil, err
	}
	r.Version = strings.TrimSpace(m.stdout)
	r.Machine, err = machine()
	return r, err
}

// machine reads /proc.
func machine() (Machine, error) {
	m := Machine{Cores: runtime.NumCPU()}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("/proc", name))
		if err != nil {
			return ""
		}
		return string(text)
	}
	m.CPU = cmp.Or(valueOf(read("cpuinfo"), "model name"), runtime.GOARCH) // arm64's has no such line
	m.Kernel = strings.TrimSpace(read("sys/kernel/osrelease"))
	kilobytes, _, _ := strings.Cut(valueOf(read("meminfo"), "MemTotal"), " ")
	n, err := strconv.ParseInt(kilobytes, 10, 64)
	if err != nil {
		return m, fmt.Errorf("/proc/meminfo: %w", err)
	}
	m.Memory = n * 1024
	load, _, _ := strings.Cut(read("loadavg"), " ")
	if m.Load, err = strconv.ParseFloat(load, 64); err != nil {
		return m, fmt.Errorf("/proc/loadavg: %w", err)
	}
	return m, nil
}

// valueOf returns what follows a key and a colon in the first line that has it.
func valueOf(text, key string) string {
	for line := range strings.Lines(text) {
		if k, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// write replaces the file of results, after every run: an interrupted bench has what it had.
func (r *Results) write(path string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}
