package preflight

import (
	"fmt"
	"strconv"
	"strings"

	"kbootstrap/host"
	"kbootstrap/release"
)

// limit is the oldest of something that Kubernetes or what comes with it can be run on.
type limit struct {
	check string // the check that tells it
	of    string // what may be too old: "kernel"
	least string // as people read it: "4.15"
	from  int    // the first minor version of Kubernetes that it holds for; 0 for all
	on    string // the hosts that it is about, in words; empty for all
	level Level
	why   string
	// broken reports whether a host that it is about is older.
	broken func(f host.Facts) bool
}

// limits is the table of what is too old, and since when. A distribution may have brought back to
// an old kernel what a limit is about, so that most are warnings.
//
// Sources: kubelet's failCgroupV1 (KEP-5573), k8s.io/system-validators, "Linux Kernel Version
// Requirements" of Kubernetes, docs/cgroup-v2.md and libcontainer/SPEC.md of runc, the overlay
// driver of docker, containerd's README.
var limits = []limit{
	{check: limitsCheck, of: "systemd", least: "219", level: Fail,
		why:    "units of services have no directive that 219 does not know; 208 of Enterprise Linux 7.0 is older",
		broken: func(f host.Facts) bool { return f.Systemd > 0 && f.Systemd < 219 }},
	{check: limitsCheck, of: "kernel", least: "3.10", level: Fail,
		why:    "runc names no older one",
		broken: kernelBefore("3.10")},
	{check: limitsCheck, of: "kernel", least: "4.0, or 3.10.0-693 of Enterprise Linux 7.4", level: Fail,
		why: "images are overlays of several directories, which older kernels do not have",
		broken: func(f host.Facts) bool {
			return !older(f.Kernel, "3.10") && older(f.Kernel, "4.0") && enterpriseBuild(f.Kernel) < 693
		}},
	{check: limitsCheck, of: "kernel", least: "4.15", on: "with cgroup v1", from: withoutV1, level: Fail,
		why: "from 1.35 Kubernetes supports cgroup v2 only, and runc wants 4.15 for that",
		broken: func(f host.Facts) bool {
			return f.Cgroup == 1 && !older(f.Kernel, "3.10") && older(f.Kernel, "4.15")
		}},
	{check: limitsCheck, of: "kernel", least: "4.15", on: "with cgroup v2", level: Fail,
		why: "older ones cannot keep containers from the host's devices",
		broken: func(f host.Facts) bool {
			return f.Cgroup == 2 && !older(f.Kernel, "3.10") && older(f.Kernel, "4.15")
		}},
	{check: limitsCheck, of: "kernel", least: "4.19", level: Warn,
		why:    "the oldest that Kubernetes is tested with",
		broken: func(f host.Facts) bool { return !older(f.Kernel, "3.10") && older(f.Kernel, "4.19") }},
	{check: limitsCheck, of: "kernel", least: "5.2", on: "with cgroup v2", level: Warn,
		why: "older ones cannot freeze the processes of a container",
		broken: func(f host.Facts) bool {
			return f.Cgroup == 2 && !older(f.Kernel, "4.19") && older(f.Kernel, "5.2")
		}},
	{check: limitsCheck, of: "systemd", least: "244", on: "with cgroup v2", level: Warn,
		why:    "older ones do not hand the controller cpuset on",
		broken: func(f host.Facts) bool { return f.Cgroup == 2 && f.Systemd >= 219 && f.Systemd < 244 }},
	{check: "CgroupVersion", of: "cgroups", least: "2", from: withoutV1, level: Warn,
		why:    "which Kubernetes is about to drop; up makes the kubelet accept it (failCgroupV1: false)",
		broken: func(f host.Facts) bool { return f.Cgroup == 1 }},
}

// limitsCheck is the check that tells most of them.
const limitsCheck = "SystemLimits"

// withoutV1 is the first minor version of Kubernetes whose kubelet refuses cgroup v1, unless told
// otherwise.
const withoutV1 = 35

func kernelBefore(version string) func(f host.Facts) bool {
	return func(f host.Facts) bool { return older(f.Kernel, version) }
}

// enterpriseBuild returns the build of a kernel of Enterprise Linux 7, by which Red Hat counts what
// was brought back: 1160 of 3.10.0-1160.el7.x86_64. It is 0 for another kernel.
func enterpriseBuild(kernel string) int {
	_, rest, found := strings.Cut(kernel, "3.10.0-")
	if !found || !strings.Contains(rest, ".el7") {
		return 0
	}
	build, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(build)
	if err != nil {
		return 0
	}
	return n
}

// brokenLimits are those of a check that a host does not keep with a minor version of Kubernetes.
func brokenLimits(check string, minor int, f host.Facts) []limit {
	var broken []limit
	for _, l := range limits {
		if l.check == check && minor >= l.from && l.broken(f) {
			broken = append(broken, l)
		}
	}
	return broken
}

// newestMinor returns the newest minor version of Kubernetes that no limit keeps from a host; 0 if
// there is none.
func newestMinor(f host.Facts) int {
	oldest, newest := release.Minors()
	for minor := newest; minor >= oldest; minor-- {
		fails := false
		for _, l := range brokenLimits(limitsCheck, minor, f) {
			fails = fails || l.level == Fail
		}
		if !fails {
			return minor
		}
	}
	return 0
}

func systemLimits(s Scene, h Host) []Finding {
	var found []Finding
	for _, l := range brokenLimits(limitsCheck, s.Minor, h.Facts) {
		has := map[string]string{"kernel": h.Facts.Kernel, "systemd": strconv.Itoa(h.Facts.Systemd)}[l.of]
		kept := fmt.Sprintf("%s %s is older than %s: %s", l.of, has, l.least, l.why)
		f := one(l.level, "%s", kept)
		if newest := newestMinor(h.Facts); l.level == Fail && newest > 0 {
			f[0].Hint = fmt.Sprintf("update the distribution; the newest Kubernetes for this host is 1.%d", newest)
		}
		found = append(found, f...)
	}
	if found == nil {
		return one(OK, "new enough for Kubernetes 1.%d", s.Minor)
	}
	return found
}

func cgroupVersion(s Scene, h Host) []Finding {
	if h.Facts.Cgroup == 0 {
		return one(Fail, "no cgroups are mounted at /sys/fs/cgroup")
	}
	for _, l := range brokenLimits("CgroupVersion", s.Minor, h.Facts) {
		return one(l.level, "version %d, %s", h.Facts.Cgroup, l.why)
	}
	return one(OK, "version %d", h.Facts.Cgroup)
}
