package templates

import (
	"fmt"
	"slices"
	"strings"
)

// Sandbox is what a service may do and see on its host. The zero value shuts a service in as far as
// its host can: it owns its files, talks over sockets, and changes nothing else. What a service
// needs beyond is a field. See docs/decisions/0034-units.md.
type Sandbox struct {
	// Systemd is the version of the host's systemd; 0 when it is not known. Each directive is
	// rendered for the versions that know it, so that the journal of an old host has no warnings.
	Systemd int
	// Open leaves the service all of its host, and sets its limits only: it mounts what pods see,
	// and what it starts inherits from it.
	Open bool
	// Capabilities are those that the service keeps though it is root.
	Capabilities []string
	// Families are the kinds of sockets besides those of TCP, UDP and Unix.
	Families []string
	// Calls are system calls, or groups of them, that are otherwise refused.
	Calls []string
	// Writable are directories that the service writes to and that are there.
	Writable []string
	// Made are directories that the service writes to and that may be missing.
	Made []string
	// Run are the directories of the service below /run, by their names: "flannel".
	Run []string
	// SharedRun are files below /run that the service shares with others: "xtables.lock".
	SharedRun []string
	// ReadsRun are directories below /run of which the service reads the files: "log".
	ReadsRun []string
	// SeesRun leaves the service the sockets below /run. Those of containerd, docker and systemd
	// are a way to everything for who is root.
	SeesRun bool
	// Tunes lets the service write the kernel's parameters of the network.
	Tunes bool
	// LoadsModules lets the service load modules of the kernel.
	LoadsModules bool
	// OOMScore is how much sooner than others the kernel kills the service when memory is short;
	// it is 0 for an ordinary service, and negative for one that comes last.
	OOMScore int
	// ChildrenDump lets what the service starts raise its limit and leave core dumps.
	ChildrenDump bool
}

// The versions of systemd that brought what is used here (systemd.exec(5) and the NEWS of systemd).
const (
	hasSoftLimits    = 228 // LimitCORE=0:infinity
	hasStrict        = 232 // ProtectSystem=strict, ReadWritePaths=, ProtectKernelTunables=, command prefix "+"
	hasNamespaces    = 233 // RestrictNamespaces=
	hasPersonality   = 235 // LockPersonality=, RuntimeDirectoryPreserve=
	hasTemporary     = 238 // TemporaryFileSystem=
	hasServiceGroups = 239 // the groups of system calls have their present form
	hasHostname      = 242 // ProtectHostname=, RestrictSUIDSGID=
	hasKernelLogs    = 244 // ProtectKernelLogs=
	hasClock         = 245 // ProtectClock=
	hasProc          = 247 // ProtectProc=
	hasMountUmask    = 250 // UMask= does not count for what mounts need: github.com/systemd/systemd/issues/19899
)

// refusedCalls are the groups of system calls that no service of a cluster makes, but those that
// are Open. They are named rather than the ones that are needed: a program may learn a call that
// the host's systemd has never heard of.
const refusedCalls = "~@clock @cpu-emulation @debug @module @mount @obsolete @privileged @raw-io @reboot @swap"

// foreignData are directories of others: the files of pods and images, and what was on the host
// before the tool came.
func foreignData() []string {
	return []string{"/var/lib/kubelet", "/var/lib/containerd", "/var/lib/docker", "/var/lib/kbootstrap"}
}

// HiddenDirs are the directories that a service in a sandbox has not, or has its own of
// (systemd.exec(5), ProtectHome= and PrivateTmp=).
func HiddenDirs() []string {
	return append([]string{"/home", "/root", "/run/user", "/var/run/user", "/tmp", "/var/tmp"}, foreignData()...)
}

// String is the directives, one a line, for the section [Service].
func (s Sandbox) String() string {
	var lines []string
	add := func(since int, line string) {
		if s.Systemd >= since {
			lines = append(lines, line)
		}
	}
	if s.ChildrenDump && s.Systemd >= hasSoftLimits {
		add(0, "LimitCORE=0:infinity")
	} else {
		add(0, "LimitCORE=0")
	}
	if s.OOMScore != 0 {
		add(0, fmt.Sprintf("OOMScoreAdjust=%d", s.OOMScore))
	}
	if !s.Open {
		s.shut(add)
	}
	return strings.Join(lines, "\n")
}

// shut adds what keeps a service in.
func (s Sandbox) shut(add func(since int, line string)) {
	add(0, "UMask=0077")
	add(0, strings.TrimSuffix("CapabilityBoundingSet="+strings.Join(s.Capabilities, " "), " "))
	for _, line := range []string{"NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"} {
		add(0, line+"=yes")
	}
	families := append([]string{"AF_UNIX", "AF_INET", "AF_INET6"}, s.Families...)
	add(0, "RestrictAddressFamilies="+strings.Join(families, " "))
	add(0, "SystemCallArchitectures=native")
	s.files(add)
	s.kernel(add)
}

// files adds what the service sees of the file system.
func (s Sandbox) files(add func(since int, line string)) {
	if s.Systemd < hasStrict {
		add(0, "ProtectSystem=full")
		return
	}
	add(0, "ProtectSystem=strict")
	for _, dir := range s.Made {
		add(0, "ExecStartPre=+/bin/mkdir -p -m 0700 "+quote(dir))
	}
	for _, dir := range slices.Concat(s.Writable, s.Made) {
		add(0, "ReadWritePaths="+quotePath("-"+dir))
	}
	if s.Systemd < hasTemporary {
		// Nothing below /run can be taken away there without its neighbours.
		if len(s.Run)+len(s.SharedRun) > 0 {
			add(0, "ReadWritePaths=/run")
		}
	} else {
		s.run(add)
	}
	add(0, "InaccessiblePaths=-"+strings.Join(foreignData(), " -"))
}

// run adds what the service sees of /run: the notifications of systemd, and what /etc/resolv.conf
// may be a link to.
func (s Sandbox) run(add func(since int, line string)) {
	if len(s.Run) > 0 {
		// It outlives the service: the programs of others read it.
		add(0, "RuntimeDirectory="+strings.Join(s.Run, " "))
		add(0, "RuntimeDirectoryPreserve=yes")
	}
	var bound []string
	for _, name := range s.Run {
		bound = append(bound, "/run/"+name)
	}
	for _, file := range s.SharedRun {
		// Even a command outside of the sandbox has the service's mounts.
		add(0, "ExecStartPre=+/usr/bin/nsenter --target=1 --mount -- /bin/touch /run/"+file)
		bound = append(bound, "-/run/"+file)
	}
	switch {
	case s.SeesRun && bound != nil:
		add(0, "ReadWritePaths="+strings.Join(bound, " "))
	case !s.SeesRun:
		temporary := "TemporaryFileSystem=/run:ro"
		if s.Systemd < hasMountUmask {
			// Otherwise systemd makes this directory with UMask=, and a service that is not root
			// does not get to the socket in it: it never counts as started, and what comes after it
			// does not start at a boot.
			temporary += " /run/systemd:ro"
		}
		add(0, temporary)
		read := "BindReadOnlyPaths=-/run/systemd/notify -/run/systemd/resolve -/run/NetworkManager -/run/resolvconf"
		for _, dir := range s.ReadsRun {
			read += " -/run/" + dir
		}
		add(0, read)
		if bound != nil {
			add(0, "BindPaths="+strings.Join(bound, " "))
		}
	}
}

// kernel adds what the service may ask of the kernel.
func (s Sandbox) kernel(add func(since int, line string)) {
	if s.Tunes {
		add(hasStrict, "ReadOnlyPaths=-/proc/sys/fs -/proc/sys/kernel -/proc/sys/vm -/sys/kernel")
	} else {
		add(hasStrict, "ProtectKernelTunables=yes")
	}
	if !s.LoadsModules {
		add(hasStrict, "ProtectKernelModules=yes")
	}
	add(hasStrict, "ProtectControlGroups=yes")
	add(hasStrict, "RestrictRealtime=yes")
	add(hasStrict, "MemoryDenyWriteExecute=yes")
	add(hasNamespaces, "RestrictNamespaces=yes")
	add(hasPersonality, "LockPersonality=yes")
	add(hasServiceGroups, "SystemCallFilter="+refusedCalls)
	// lumberjack gives a new audit log the owner of the old one, which is no change.
	calls := append([]string{"@chown"}, s.Calls...)
	if s.LoadsModules {
		calls = append(calls, "@module")
	}
	add(hasServiceGroups, "SystemCallFilter="+strings.Join(calls, " "))
	add(hasServiceGroups, "SystemCallErrorNumber=EPERM")
	add(hasHostname, "ProtectHostname=yes")
	add(hasHostname, "RestrictSUIDSGID=yes")
	add(hasKernelLogs, "ProtectKernelLogs=yes")
	add(hasClock, "ProtectClock=yes")
	add(hasProc, "ProtectProc=invisible")
}

// quotePath makes one word of a list of paths, where systemd expands % and splits at white space.
func quotePath(path string) string {
	return `"` + strings.NewReplacer("%", "%%", `\`, `\\`, `"`, `\"`).Replace(path) + `"`
}

// Outside is the prefix of a command of the unit that is not to be in the sandbox; "" where systemd
// cannot tell it apart.
func (s Sandbox) Outside() string {
	if s.Systemd < hasStrict {
		return ""
	}
	return "+"
}
