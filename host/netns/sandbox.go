// Package netns is the network namespaces of the pods that run on a machine: whose they are, what
// interfaces they and the machine have, and what can be reached from within. Start at
// FindContainers and InNetwork.
package netns

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/host"
)

// Sandbox is a pod that runs on this host and has a network namespace of its own.
type Sandbox struct {
	Pod string // the UID of the pod
	// PID is the process that was started first in the namespace: that of the pause image. When it
	// ends, the kubelet makes a new sandbox for the same pod.
	PID int
}

// Network is the path of the pod's network namespace.
func (s Sandbox) Network(sys *host.System) string {
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

// FindContainers reads from /proc which pods run. It asks no runtime, so it tells the truth of one
// that hangs. A process may end while it is read.
func FindContainers(sys *host.System) (Containers, error) {
	found := Containers{IDs: map[string]bool{}}
	dirs, err := filepath.Glob(sys.Path("/proc/[0-9]*"))
	if err != nil {
		return found, err
	}
	own, err := os.Readlink(sys.Path("/proc/self/ns/net"))
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
		pid, started := host.StartOf(dir)
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
