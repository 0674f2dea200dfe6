package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
)

const (
	// leastPlane is what kubeadm wants of a control plane, and leastHost what a kubelet with its
	// runtime takes.
	leastPlane = 1700 << 20
	leastHost  = 700 << 20
	leastCPUs  = 2
	// fsyncWarn is what etcd's guide wants of the slowest of a hundred writes (etcd.io, "Hardware
	// recommendations").
	fsyncWarn = 10 * time.Millisecond
)

func numCPU(_ Scene, h Host) []Finding {
	if h.Has(inventory.ControlPlane) && h.Facts.CPUs < leastCPUs {
		return one(Fail, "%d CPU", h.Facts.CPUs)
	}
	return one(OK, "%d", h.Facts.CPUs)
}

func memory(_ Scene, h Host) []Finding {
	switch {
	case h.Has(inventory.ControlPlane) && h.Facts.MemoryBytes < leastPlane:
		return one(Fail, "%d MiB; a control plane needs %d", h.Facts.MemoryBytes>>20, leastPlane>>20)
	case h.Facts.MemoryBytes < leastHost:
		return one(Warn, "%d MiB; a host needs %d", h.Facts.MemoryBytes>>20, leastHost>>20)
	}
	return one(OK, "%d MiB", h.Facts.MemoryBytes>>20)
}

// store is a file system and what the plan puts there.
type store struct {
	host.FileSystem
	paths  []string // those of Survey's that are on it
	writes []string // those of them that the plan writes to
	bytes  int64
	files  int64
}

// stores joins the paths that are on one file system. Where none could be looked at there is none.
func (h Host) stores() []store {
	var stores []store
	for _, fs := range h.Survey.FileSystems {
		if fs.Bytes == 0 {
			continue
		}
		i := slices.IndexFunc(stores, func(s store) bool { return s.Device == fs.Device })
		if i < 0 {
			i, stores = len(stores), append(stores, store{FileSystem: fs})
		}
		stores[i].paths = append(stores[i].paths, fs.Path)
		for _, w := range h.Writes {
			if w.Path == fs.Path {
				stores[i].writes = append(stores[i].writes, w.Path)
				stores[i].bytes += w.Bytes
				stores[i].files += w.Files
			}
		}
	}
	return stores
}

// needs is what must be free for the plan: a tenth more than it writes, and some for logs and the
// like.
func (s store) needs() int64 {
	if s.bytes == 0 {
		return 0
	}
	return s.bytes + s.bytes/10 + 64<<20
}

// evictions are the shares of a file system, in percent, below which the kubelet evicts pods or
// takes no new ones (kubernetes.io, "Node-pressure Eviction", the defaults of nodefs.available and
// imagefs.available).
var evictions = map[string]int64{"/var/lib/kubelet": 10, "/var/lib/containerd": 15}

func diskSpace(scene Scene, h Host) []Finding {
	var found []Finding
	_, chosen := scene.Cluster.Arguments["kubelet"]["eviction-hard"] // then the defaults do not hold
	for _, s := range h.stores() {
		if need := s.needs(); need > s.FreeBytes {
			found = append(found, one(Fail, "%s: %s are free, but the plan needs %s",
				strings.Join(s.writes, ", "), human.Size(s.FreeBytes), human.Size(need))...)
			continue
		}
		for _, path := range s.paths {
			left := (s.FreeBytes - s.bytes) * 100 / s.Bytes
			if least := evictions[path]; left < least && !chosen {
				found = append(found, one(Warn, "%s: %s of %s are free; the kubelet evicts pods below %d %%",
					path, human.Size(s.FreeBytes), human.Size(s.Bytes), least)...)
				break
			}
		}
	}
	if found != nil {
		return found
	}
	var total int64
	for _, w := range h.Writes {
		total += w.Bytes
	}
	return one(OK, "%s to write", human.Size(total))
}

func inodes(_ Scene, h Host) []Finding {
	var found []Finding
	for _, s := range h.stores() {
		need := s.files + s.files/10 + 1000
		if s.files > 0 && s.Inodes > 0 && need > s.FreeInodes {
			found = append(found, one(Fail, "%s: %d inodes are free, but the plan needs %d",
				strings.Join(s.writes, ", "), s.FreeInodes, need)...)
		}
	}
	if found == nil {
		return one(OK, "enough")
	}
	return found
}

// executed are the paths with programs of ours.
var executed = []string{"/opt/kbootstrap"}

func mountOptions(_ Scene, h Host) []Finding {
	var found []Finding
	for _, fs := range h.Survey.FileSystems {
		switch {
		case fs.ReadOnly:
			found = append(found, one(Fail, "%s is on a read-only file system", fs.Path)...)
		case fs.NoExec && slices.Contains(executed, fs.Path):
			found = append(found, one(Fail, "%s is on a file system mounted noexec", fs.Path)...)
		}
	}
	if found == nil {
		return one(OK, "writable")
	}
	return found
}

func diskFsync(_ Scene, h Host) []Finding {
	if h.Fsync == nil {
		return nil
	}
	if h.Fsync.Writes == 0 {
		return one(OK, "not measured: the file system does not support files without a name")
	}
	seen := fmt.Sprintf(
		"99 of 100 writes within %s, half within %s, of %d", span(h.Fsync.P99), span(h.Fsync.P50), h.Fsync.Writes,
	)
	if h.Fsync.P99 > fsyncWarn {
		return one(Warn, "%s", seen)
	}
	return one(OK, "%s", seen)
}
