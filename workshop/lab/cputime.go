package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPUTime returns how long processors have worked for the hosts since the lab was booted, all of
// them together, user and system.
func (l *Lab) CPUTime() (time.Duration, error) {
	s, err := readState(l.dir)
	if err != nil {
		return 0, err
	}
	for _, dir := range s.Cgroups {
		used, err := cpuTimeOf(dir)
		if !errors.Is(err, fs.ErrNotExist) {
			return used, err
		}
	}
	return 0, errors.New("no cgroup of the lab counts processor time")
}

// cpuTimeOf reads the account of a cgroup and those below it: cpuacct.usage on v1, and cpu.stat on
// v2, where the line comes first. The error is fs.ErrNotExist where another hierarchy has it.
func cpuTimeOf(dir string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(dir, "cpuacct.usage"))
	unit := time.Nanosecond
	if errors.Is(err, fs.ErrNotExist) {
		text, err = os.ReadFile(filepath.Join(dir, "cpu.stat"))
		unit = time.Microsecond
	}
	if err != nil {
		return 0, err
	}
	number := strings.TrimSpace(string(text))
	if unit == time.Microsecond {
		line, _, _ := strings.Cut(number, "\n")
		after, ok := strings.CutPrefix(line, "usage_usec ")
		if !ok { // cpu.stat of v1, which tells of throttling
			return 0, fs.ErrNotExist
		}
		number = after
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	return time.Duration(n) * unit, nil
}
