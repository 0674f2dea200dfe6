package host

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sandbox is a pod that runs on this host and has a network namespace of its own.
type Sandbox struct {
	Pod string // the UID of the pod
	// PID is the process that was started first in the namespace: that of the pause image. When it
	// ends, the kubelet makes a new sandbox for the same pod.
	PID int
}

// Network is the path of the pod's network namespace.
func (s Sandbox) Network(sys *System) string {
	return sys.Path("/proc/" + strconv.Itoa(s.PID) + "/ns/net")
}

// Containers are what runs on a host below the kubelet's cgroups.
type Containers struct {
	Sandboxes []Sandbox
	IDs       map[string]bool // of all containers that have a process
}

var (
	// The kubelet names the cgroup of a pod by its UID: pod1b2c-…, or with underscores where
	// systemd makes the cgroup.
	podCgroup       = regexp.MustCompile(`kubepods.*pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})`)
	containerCgroup = regexp.MustCompile(`[0-9a-f]{64}`)
)

// Containers reads from /proc which pods run. It asks no runtime, so it tells the truth of one that
// hangs. A process may end while it is read.
func (s *System) Containers() (Containers, error) {
	found := Containers{IDs: map[string]bool{}}
	dirs, err := filepath.Glob(s.Path("/proc/[0-9]*"))
	if err != nil {
		return found, err
	}
	own, err := os.Readlink(s.Path("/proc/self/ns/net"))
	if err != nil {
		own, _ = os.Readlink("/proc/self/ns/net")
	}
	type first struct {
		Sandbox
		started uint64
	}
	namespaces := map[string]first{}
	for _, dir := range dirs {
		cgroup, err := os.ReadFile(filepath.Join(dir, "cgroup"))
		if err != nil || !strings.Contains(string(cgroup), "kubepods") {
			continue
		}
		for _, id := range containerCgroup.FindAllString(string(cgroup), -1) {
			found.IDs[id] = true
		}
		pod := podCgroup.FindStringSubmatch(string(cgroup))
		namespace, err := os.Readlink(filepath.Join(dir, "ns/net"))
		pid, started := startOf(dir)
		if pod == nil || err != nil || pid == 0 || namespace == own {
			continue // of a pod on the host's network, or it is ending
		}
		if before, ok := namespaces[namespace]; ok && before.started <= started {
			continue
		}
		uid := strings.ReplaceAll(pod[1], "_", "-")
		namespaces[namespace] = first{Sandbox{Pod: uid, PID: pid}, started}
	}
	for _, f := range namespaces {
		found.Sandboxes = append(found.Sandboxes, f.Sandbox)
	}
	slices.SortFunc(found.Sandboxes, func(a, b Sandbox) int { return cmp.Compare(a.PID, b.PID) })
	return found, nil
}

// startOf returns the number of the process of a directory in /proc, and when it started, in ticks
// since the boot. The number is 0 when the process is gone.
func startOf(dir string) (pid int, started uint64) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, 0
	}
	// "PID (NAME) STATE …": the time is the 22nd field, and the name may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return 0, 0
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, 0
	}
	pid, err = strconv.Atoi(filepath.Base(dir))
	if err != nil {
		return 0, 0
	}
	return pid, started
}

// ticksPerSecond is the kernel's unit of times in /proc; it is 100 on all architectures that we
// know.
const ticksPerSecond = 100

// RunsSince returns how long a process has been running; 0 when that cannot be told.
func (s *System) RunsSince(pid int) time.Duration {
	_, started := startOf(s.Path("/proc/" + strconv.Itoa(pid)))
	text, err := s.Read("/proc/uptime")
	first, _, _ := strings.Cut(text, " ")
	up, parse := strconv.ParseFloat(first, 64)
	if started == 0 || err != nil || parse != nil {
		return 0
	}
	age := time.Duration(up*float64(time.Second)) - time.Duration(started)*time.Second/ticksPerSecond
	return max(0, age)
}
