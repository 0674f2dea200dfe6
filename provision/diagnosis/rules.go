package diagnosis

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
)

// A rule recognizes one cause by what a line of the journal says.
type rule struct {
	code   fault.Code
	unit   string         // only this unit's journal can show it; "" for any
	shows  *regexp.Regexp // what such a line has
	except *regexp.Regexp // what a line has that looks alike and is harmless; may be nil
	// tells returns the cause, given the groups of the last line, and what to do unless the
	// catalogue says that.
	tells func(s Symptoms, m []string) (cause, hint string)
}

// says returns the cause that is always the same.
func says(cause string) func(Symptoms, []string) (string, string) {
	return func(Symptoms, []string) (string, string) { return cause, "" }
}

// named returns the cause with what the line names: the first group that is not empty.
func named(format string) func(Symptoms, []string) (string, string) {
	return func(_ Symptoms, m []string) (string, string) {
		for _, group := range m[1:] {
			if group != "" {
				return fmt.Sprintf(format, group), ""
			}
		}
		return strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(format, "")), ":"), ""
	}
}

// rules are the known causes; the first that a journal shows counts. The texts are those of etcd
// 3.4 to 3.6, Kubernetes 1.29 to 1.36, containerd 1.6 to 2.2, runc, systemd and glibc.
var rules = []rule{
	{
		code:  fault.PortInUse,
		shows: regexp.MustCompile(`listen (?:tcp|udp)[46]? \S*?:([0-9]+): bind: address already in use`),
		tells: portInUse,
	},
	{
		code:  fault.ServiceNoSpace,
		shows: regexp.MustCompile(`[Nn]o space left on device|[Dd]isk quota exceeded|mvcc: database space exceeded`),
		tells: says("the service's disk has no space left"),
	},
	{
		code: fault.OutOfMemory,
		shows: regexp.MustCompile(`OOM killer|result 'oom-kill'|Out of memory: Killed process|` +
			`fatal error: runtime: out of memory`),
		tells: says("the kernel killed a process of the service because memory ran out"),
	},
	{
		code:  fault.WrongArchitecture,
		shows: regexp.MustCompile(`[Ee]xec format error`),
		tells: says("the program is not built for this host's processor"),
	},
	{
		code:  fault.LibraryTooOld,
		shows: regexp.MustCompile("version [`']?(GLIBC_[0-9.]+)' not found"),
		tells: named("the program needs %s, which this host's C library does not have"),
	},
	{
		code: fault.FlagUnknown,
		shows: regexp.MustCompile(`unknown flag: (\S+)|flag provided but not defined: (\S+)|` +
			`unrecognized feature gate: ([A-Za-z0-9]+)|cannot set feature gate ([A-Za-z0-9]+) to|` +
			`strict decoding error: unknown field \\?"([^"\\]+)`),
		except: regexp.MustCompile(`lenient decoding`),
		tells:  named("the program does not know %s"),
	},
	{
		code:  fault.SwapOn,
		shows: regexp.MustCompile(`running with swap on is not supported`),
		tells: says("swap is on, and the kubelet refuses to run with it"),
	},
	{
		code:  fault.CgroupVersion,
		shows: regexp.MustCompile(`not run on a host using cgroup v1`),
		tells: says("the host has cgroup v1, on which this version of the kubelet does not run"),
	},
	{
		code: fault.CgroupDriver,
		shows: regexp.MustCompile(`kubelet cgroup driver: \\?"(\w+)\\?" is different from docker cgroup driver|` +
			`expected cgroupsPath to be of format`),
		tells: says("the kubelet and the container runtime use different cgroup drivers"),
	},
	{
		code: fault.ContainerdConfig,
		shows: regexp.MustCompile(`containerd: (.*config version.*)|Failure unmarshaling TOML.*?error="([^"]*)"|` +
			`containerd: (failed to (?:load|unmarshal) TOML.*)`),
		tells: named("containerd cannot read its configuration: %s"),
	},
	{
		code:  fault.EtcdMemberKnown,
		shows: regexp.MustCompile(`member ([0-9a-f]+) has already been bootstrapped`),
		tells: named("member %s is already part of a cluster, but has no data on this host"),
	},
	{
		code:  fault.EtcdMemberRemoved,
		shows: regexp.MustCompile(`the member has been permanently removed from the cluster`),
		tells: says("this member was removed from its cluster"),
	},
	{
		code:  fault.EtcdOtherCluster,
		shows: regexp.MustCompile(`.*cluster ID mismatch.*`),
		tells: otherCluster,
	},
	{
		code: fault.ClockWrong,
		shows: regexp.MustCompile(`certificate has expired or is not yet valid(?:: current time (\S+?) is (before|` +
			`after) ([0-9TZ:+-]+))?`),
		tells: clock,
	},
	{
		code: fault.WrongAuthority,
		shows: regexp.MustCompile(`certificate signed by unknown authority|tls: bad certificate|` +
			`tls: unknown certificate authority`),
		tells: says("the service and its peer do not trust each other's certificates"),
	},
	{
		code: fault.KernelLacks,
		shows: regexp.MustCompile(`Module (\S+) not found in directory|modprobe: ERROR: could not insert '(\w+)'|` +
			`"?(ip6?tables)"?: executable file not found|(overlay)\S*.* no such device`),
		tells: named("the kernel or the host lacks %s"),
	},
	{
		code: fault.FileDenied,
		shows: regexp.MustCompile(`(?:open|mkdir|stat|unlinkat|lstat|access) ([^\s:"]+): permission denied|` +
			`[Pp]ermission denied`),
		tells: named("the service has no permission to open %s"),
	},
	{
		code: fault.NameNotResolved,
		shows: regexp.MustCompile(`lookup ([^\s:]+)[^:]*: (?:no such host|server misbehaving|operation was canceled|` +
			`i/o timeout|Temporary failure)`),
		tells: named("the name %s cannot be resolved"),
	},
	{
		code: fault.EtcdUnreachable, unit: "kube-apiserver.service",
		shows: regexp.MustCompile(`failed to connect to \{Addr: "([^"]+)".*(?:connection refused|i/o timeout|` +
			`no route to host|operation was canceled|deadline exceeded)`),
		tells: named("etcd at %s does not answer"),
	},
}

func portInUse(s Symptoms, m []string) (cause, hint string) {
	port, _ := strconv.Atoi(m[1])
	cause = "port " + m[1] + " is in use by another process"
	if s.Holder != nil {
		if who := s.Holder(port); who != "" {
			cause = "port " + m[1] + " is in use by " + who
		}
	}
	return cause, "stop the process that holds the port, then run the command again; this shows the process: " +
		"sudo ss -ltnp 'sport = :" + m[1] + "'"
}

var (
	ownCluster  = regexp.MustCompile(`"local-member-cluster-id":"([0-9a-f]+)"`)
	peerCluster = regexp.MustCompile(`"remote-peer-cluster-id":"([0-9a-f]+)"`)
)

func otherCluster(_ Symptoms, m []string) (cause, hint string) {
	own, peer := ownCluster.FindStringSubmatch(m[0]), peerCluster.FindStringSubmatch(m[0])
	if own == nil || peer == nil {
		return "this member's data belongs to another etcd cluster than that of its peers", ""
	}
	cause = fmt.Sprintf("this member's data belongs to the etcd cluster %s, but its peers belong to the cluster %s",
		own[1], peer[1])
	return cause, ""
}

// clock compares the host's clock, as the line tells it, with that of the control machine. The line
// may be some minutes old, so a small difference says nothing.
func clock(s Symptoms, m []string) (cause, hint string) {
	const agree = 10 * time.Minute
	host, err := time.Parse(time.RFC3339, m[1])
	if err != nil {
		return "a certificate has expired, or is not valid yet, by this host's clock", ""
	}
	cause = "a certificate expired on " + m[3]
	if m[2] == "before" {
		cause = "a certificate is not valid before " + m[3]
	}
	skew := s.Now.Sub(host).Round(time.Second)
	switch {
	case s.Now.IsZero() || skew.Abs() < agree:
		return cause + ", and this host's clock says " + m[1],
			"the clocks agree: look at the certificate with `openssl x509 -noout -dates`; `up` renews certificates " +
				"that the tool made"
	case skew > 0:
		return fmt.Sprintf("%s, and this host's clock is %s behind", cause, skew), ""
	}
	return fmt.Sprintf("%s, and this host's clock is %s ahead", cause, -skew), ""
}
