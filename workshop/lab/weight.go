package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// weigh gives the lab's cgroups what the caller's niceness asks for. Within a cgroup processes
// compete with each other alone, so the niceness that a lab inherits says nothing about all else
// that the machine does.
func weigh(dirs []string) error {
	// The system call returns 20 minus the niceness, because a negative number is an error.
	raw, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return fmt.Errorf("niceness: %w", err)
	}
	nice := 20 - raw
	for _, dir := range dirs {
		for file, value := range map[string]int{"cpu.weight.nice": nice, "cpu.shares": shares(nice)} {
			path := filepath.Join(dir, file)
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // another hierarchy has it
				continue
			}
			if err := os.WriteFile(path, []byte(strconv.Itoa(value)), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// shares is the weight that the scheduler gives a process of that niceness: each step is worth a
// quarter. On cgroup v1 the default of a cgroup is that of a process whose niceness is 0.
func shares(nice int) int { return int(math.Round(1024 * math.Pow(1.25, float64(-nice)))) }
