package diagnosis

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// A rule recognizes one cause by what a line of the journal says.
type rule struct {
	code   fault.Code
	unit   string         // only this unit's journal can show it; "" for any
	shows  *regexp.Regexp // what such a line has
	except *regexp.Regexp // what a line has that looks alike and is no cause; may be nil
	// explains are the failures that the cause can have; nil means any. What ends a process is not
	// why one that runs does not answer.
	explains []host.Failure
	// lasting is of a rule whose lines are also seen for a while where all is well, at a start for
	// instance. They count when the trouble lasted until the end; see lastingFor.
	lasting bool
	// pods is of a rule that reads also what is said of single pods, containers and images.
	pods bool
	// tells returns the cause, given the groups of the last line, and what to do unless the
	// catalogue says that.
	tells func(s Symptoms, m match) (cause, hint string)
}

// match is the last line that shows a cause.
type match struct {
	groups []string // those of the rule's pattern, the whole match first
	age    time.Duration
}

// The failures that a cause can have.
var (
	crash  = []host.Failure{host.Crashed}
	unwell = []host.Failure{host.Crashed, host.NotReady}
	absent = []host.Failure{host.Unheard}
)

// says returns the cause that is always the same.
func says(cause string) func(Symptoms, match) (string, string) {
	return func(Symptoms, match) (string, string) { return cause, "" }
}

// named returns the cause with what the line names: the first group that is not empty.
func named(format string) func(Symptoms, match) (string, string) {
	return func(_ Symptoms, m match) (string, string) {
		for _, group := range m.groups[1:] {
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
		code: fault.PortInUse, explains: unwell,
		shows: regexp.MustCompile(`listen (?:tcp|udp)[46]? \S*?:([0-9]+): bind: address already in use`),
		// A port of a container or of a Service is not the daemon's own.
		except: regexp.MustCompile(`userland proxy|programming external connectivity|hostPort|nodePort|externalIP`),
		tells:  portInUse,
	},
	{
		code:  fault.EtcdQuota,
		shows: regexp.MustCompile(`mvcc: database space exceeded|alarm:NOSPACE`), lasting: true,
		tells: says("the database of etcd has reached its quota, and takes no more writes"),
	},
	{
		code:  fault.ServiceNoSpace,
		shows: regexp.MustCompile(`[Nn]o space left on device|[Dd]isk quota exceeded`), lasting: true,
		tells: says("the service's disk has no space left"),
	},
	{
		code: fault.OutOfMemory, explains: crash,
		shows: regexp.MustCompile(`killed by the OOM killer|result 'oom-kill'|Out of memory: Killed process|` +
			`fatal error: runtime: out of memory`),
		tells: says("the kernel killed a process of the service because memory ran out"),
	},
	{
		code: fault.WrongArchitecture, explains: crash,
		shows: regexp.MustCompile(`[Ee]xec format error`),
		tells: says("the program is not built for this host's processor"),
	},
	{
		code: fault.LibraryTooOld, explains: crash,
		shows: regexp.MustCompile("version [`']?(GLIBC_[0-9.]+)' not found"),
		tells: named("the program needs %s, which this host's C library does not have"),
	},
	{
		code: fault.FlagUnknown, explains: crash,
		shows: regexp.MustCompile(`unknown flag: (\S+)|flag provided but not defined: (\S+)|` +
			`unrecognized feature gate: ([A-Za-z0-9]+)|cannot set feature gate ([A-Za-z0-9]+) to|` +
			`strict decoding error: unknown field \\?"([^"\\]+)`),
		except: regexp.MustCompile(`lenient decoding`),
		tells:  named("the program does not know %s"),
	},
	{
		code: fault.SwapOn, explains: crash,
		shows: regexp.MustCompile(`running with swap on is not supported`),
		tells: says("swap is on, and the kubelet refuses to run with it"),
	},
	{
		code: fault.CgroupVersion, explains: crash,
		shows: regexp.MustCompile(`not run on a host using cgroup v1`),
		tells: says("the host has cgroup v1, on which this version of the kubelet does not run"),
	},
	{
		code: fault.CgroupDriver, pods: true,
		shows: regexp.MustCompile(`kubelet cgroup driver: \\?"(\w+)\\?" is different from docker cgroup driver|` +
			`expected cgroupsPath to be of format`),
		tells: says("the kubelet and the container runtime use different cgroup drivers"),
	},
	{
		code: fault.ContainerdConfig, explains: crash,
		shows: regexp.MustCompile(`containerd: (.*config version.*)|Failure unmarshaling TOML.*?error="([^"]*)"|` +
			`containerd: (failed to (?:load|unmarshal) TOML.*)`),
		tells: named("containerd cannot read its configuration: %s"),
	},
	{
		code: fault.RuntimeSilent, unit: "kubelet.service", explains: crash,
		shows: regexp.MustCompile(`failed to run Kubelet: .*CRI v1 runtime API for endpoint \\?"([^"\\]+)`),
		tells: named("nothing answers the kubelet at the container runtime's socket %s"),
	},
	{
		code: fault.NodeDeleted, unit: "kubelet.service", explains: absent, lasting: true,
		shows: regexp.MustCompile(`Error updating node status, will retry" ` +
			`err="error getting node \\?"([^"\\]+)\\?": ` +
			`nodes \S+ not found`),
		tells: named("node %s was deleted from the API while its kubelet runs, and a kubelet registers only " +
			"at its start"),
	},
	{
		code: fault.NodeRefused, unit: "kubelet.service", explains: absent, lasting: true,
		shows: regexp.MustCompile(`Unable to register node with API server" (?:node="[^"]*" )?err="(.*?)"(?: node=|$)`),
		tells: named("the kubelet asks the API server to register its node, in vain: %s"),
	},
	{
		code: fault.EtcdMemberKnown, explains: crash,
		shows: regexp.MustCompile(`member ([0-9a-f]+) has already been bootstrapped`),
		tells: named("member %s is already part of a cluster, but has no data on this host"),
	},
	{
		code: fault.EtcdMemberRemoved, explains: crash,
		shows: regexp.MustCompile(`the member has been permanently removed from the cluster`),
		tells: says("this member was removed from its cluster"),
	},
	{
		code: fault.EtcdOtherCluster, explains: unwell, lasting: true,
		shows: regexp.MustCompile(`.*cluster ID mismatch.*`),
		tells: otherCluster,
	},
	{
		code: fault.ClockWrong, lasting: true,
		shows: regexp.MustCompile(`certificate has expired or is not yet valid(?:: current time (\S+?) is (before|` +
			`after) ([0-9TZ:+-]+))?`),
		except: ofClients,
		tells:  clock,
	},
	{
		code: fault.WrongAuthority, lasting: true,
		shows: regexp.MustCompile(`certificate signed by unknown authority|` +
			`127\.0\.0\.1:.*tls: (?:bad certificate|unknown certificate authority)`),
		except: ofClients,
		tells:  says("the service and its peer do not trust each other's certificates"),
	},
	{
		code: fault.KernelLacks, explains: unwell, lasting: true,
		shows: regexp.MustCompile(`(?:FATAL|ERROR): Module (\S+) not found in directory|` +
			`modprobe: ERROR: could not insert '(\w+)'|` +
			`"?(ip6?tables)"?: executable file not found|(overlay)\S*.* no such device`),
		// dockerd tries modules that may be built into the kernel, and goes on without them.
		except: regexp.MustCompile(`Running modprobe|ip_vs|nf_conntrack_ipv4`),
		tells:  named("the kernel or the host lacks %s"),
	},
	{
		code: fault.FileDenied, explains: unwell, lasting: true,
		shows: regexp.MustCompile(`(?:open|mkdir|stat|unlinkat|lstat|access) ([^\s:"]+): permission denied`),
		// In a container the kubelet may not set its own priority, and goes on.
		except: regexp.MustCompile(`oom_score_adj|/proc/\S+: permission denied`),
		tells:  named("the service has no permission to open %s"),
	},
	{
		code: fault.NameNotResolved, explains: unwell, lasting: true,
		shows: regexp.MustCompile(`lookup ([^\s:]+)(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|` +
			`Temporary failure)`),
		except: ofClients,
		tells:  named("the name %s cannot be resolved"),
	},
	{
		code: fault.EtcdUnreachable, unit: "kube-apiserver.service", explains: unwell, lasting: true,
		shows: regexp.MustCompile(`failed to connect to \{Addr: "([^"]+)".*(?:connection refused|i/o timeout|` +
			`no route to host|deadline exceeded)`),
		tells: named("etcd at %s does not answer"),
	},
}

// ofClients is in lines of servers about single clients, webhooks and extensions: a user with an
// old kubeconfig, a scanner of ports, a webhook that is gone. None of them keeps a server from its
// work.
var ofClients = regexp.MustCompile(`TLS handshake error from [^1]|TLS handshake error from 1[^2]|` +
	`Unable to authenticate the request|webhook|[Aa][Pp][Ii][Ss]ervice|metrics\.k8s\.io|available_controller`)

func portInUse(s Symptoms, m match) (cause, hint string) {
	number := m.groups[1]
	port, _ := strconv.Atoi(number)
	cause = "port " + number + " is in use by another process"
	if s.Holder != nil {
		if who := s.Holder(port); who != "" {
			cause = "port " + number + " is in use by " + who
		}
	}
	return cause, "stop the process that holds the port, then run the command again; this shows the process: " +
		"sudo ss -ltnp 'sport = :" + number + "'"
}

var (
	ownCluster  = regexp.MustCompile(`"local-member-cluster-id":"([0-9a-f]+)"`)
	peerCluster = regexp.MustCompile(`"remote-peer-cluster-id":"([0-9a-f]+)"`)
)

func otherCluster(_ Symptoms, m match) (cause, hint string) {
	own, peer := ownCluster.FindStringSubmatch(m.groups[0]), peerCluster.FindStringSubmatch(m.groups[0])
	if own == nil || peer == nil {
		return "this member's data belongs to another etcd cluster than that of its peers", ""
	}
	cause = fmt.Sprintf("this member's data belongs to the etcd cluster %s, but its peers belong to the cluster %s",
		own[1], peer[1])
	return cause, ""
}

// clock compares the host's clock, as the line tells it, with that of the control machine at that
// time.
func clock(s Symptoms, m match) (cause, hint string) {
	const agree = 10 * time.Minute
	at, relation, limit := m.groups[1], m.groups[2], m.groups[3]
	host, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "a certificate has expired, or is not valid yet, by this host's clock", ""
	}
	cause = "a certificate expired on " + limit
	if relation == "before" {
		cause = "a certificate is not valid before " + limit
	}
	skew := s.Now.Add(-m.age).Sub(host).Round(time.Second)
	switch {
	case s.Now.IsZero() || skew.Abs() < agree:
		return cause + ", and this host's clock says " + at,
			"the clocks agree: look at the certificate with `openssl x509 -noout -dates`; `up` renews certificates " +
				"that the tool made"
	case skew > 0:
		return fmt.Sprintf("%s, and this host's clock is %s behind", cause, skew), ""
	}
	return fmt.Sprintf("%s, and this host's clock is %s ahead", cause, -skew), ""
}
