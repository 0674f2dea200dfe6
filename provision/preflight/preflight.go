// Package preflight judges whether hosts can become what an inventory says, before the first of
// them is changed. It is pure: facts in, findings out. Who gathers the facts is package provision.
// Start at Checks, the table of contents, whose IDs are kubeadm's where it has one; Judge asks them
// all.
package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
)

// A Level says what a finding means for a run.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // it may go well
	Fail Level = "fail" // it will not go well: nothing is changed
)

// A Finding is what a check found on some hosts.
type Finding struct {
	ID       string     `json:"id"` // the check's; "Port-6443" where the check is "Port-<number>"
	Level    Level      `json:"level"`
	Hosts    []string   `json:"hosts"`    // in the order of the inventory
	Evidence string     `json:"evidence"` // what was seen
	Hint     string     `json:"hint,omitempty"`
	Code     fault.Code `json:"code,omitempty"`    // of a warning or a failure
	Ignored  bool       `json:"ignored,omitempty"` // a failure that is a warning since it was asked to be
}

// Text is the finding as a line: "w1: PacketFilter: the chain …".
func (f Finding) Text() string {
	return fmt.Sprintf("%s: %s: %s", strings.Join(f.Hosts, ", "), f.ID, f.Evidence)
}

// A Check looks at all hosts and says what it found on each of them.
type Check struct {
	// ID is stable: users ignore checks by it. "Port-<number>" and "FileExisting-<program>" are one
	// check a thing.
	ID string
	// What is a line for people: what must be so.
	What string
	// Worst is the highest level that it finds.
	Worst Level
	// Hint says what to do when the check fails; a finding may know better.
	Hint string
	Code fault.Code
	// Probes says that it judges measurements that cost something. They are made when there is
	// something to change.
	Probes bool
	// Surroundings says that it judges what every look at a host sees, so that `status`, `plan` and
	// `drift` make it too.
	Surroundings bool
	judge        func(Scene) []Finding
}

// Scene is all that the checks judge.
type Scene struct {
	Cluster *inventory.Cluster
	Minor   int            // of Kubernetes: 36
	CA      host.Authority // the cluster's; empty when there is none yet
	Hosts   []Host         // those that were asked, in the order of the inventory
	// Peers are the other hosts of the cluster, which the run does not ask: what the cluster tells
	// of them.
	Peers []Peer
	// Probed says that Mesh, Fsync, Glibc and HostKeys were looked for.
	Probed bool
	// HostKeys are the fingerprints of the SSH keys that are on record for the hosts of the
	// inventory.
	HostKeys map[string][]string
	Mesh     []Path
	// Now is the time of the control machine.
	Now time.Time
}

// Host is a host with all that is known of it.
type Host struct {
	inventory.Host
	Facts  host.Facts
	Survey host.Survey
	Clock  node.Clock
	Fsync  *host.Fsync // nil where there is no etcd
	// Writes is what the plan puts on the host.
	Writes []Write
	// Packages are the programs that the plan installs with the package manager.
	Packages []string
	// Displaced is what the plan takes the place of, and is not ours.
	Displaced []Displaced
	// Versions are the releases of components that the host has and should have.
	Versions []Version
	// Rewalled says that the run changes what the firewall of the host lets in.
	Rewalled bool
	// Docker is the found content of docker's configuration; nil where docker is not in the plan.
	Docker *DockerFile
	// Glibc is, for each program that needs one, the version of glibc it needs at least:
	// Glibc["runc"] = "2.34".
	Glibc map[string]string
}

// Displaced is something on a host that the plan takes the place of.
type Displaced struct {
	ID   string // of the resource
	What string // in words
	Hint string // where it belongs instead, if there is such a place
}

// DockerFile is what of docker's configuration matters to networks.
type DockerFile struct {
	BIP    string `json:"bip"`
	Bridge string `json:"bridge"`
}

// Peer is a host of the cluster that is not asked. What is not known of it is empty.
type Peer struct {
	inventory.Host         // of one that the inventory does not have, only the name and the address
	MachineID, ProductUUID string
	MAC                    string // as a host that was asked sees it
	Serves                 bool   // it is a node that is ready: its services can be dialled
}

// Write is what the plan puts below a path.
type Write struct {
	Path  string
	Bytes int64
	Files int64
}

// Path is a way between two hosts that was tried.
type Path struct {
	From, To string
	Network  string // "tcp" or "udp"
	Port     int
	// Fault says why nothing came through; empty when something did.
	Fault string
	// Sent and Arrived are the sizes of the largest IP packets, of datagrams only. Lost is that of
	// the smallest which did not arrive, 0 when all did. Known is how large the sender's kernel
	// believes packets may be.
	Sent, Arrived, Lost, Known int
}

// String names the path as "w1 -> cp1 udp/8472".
func (p Path) String() string { return fmt.Sprintf("%s -> %s %s/%d", p.From, p.To, p.Network, p.Port) }

// Judge asks all checks. Findings come in the order of Checks and then of the hosts. What is in
// ignore, an ID or "all", does not fail but warns.
func Judge(s Scene, ignore []string) []Finding {
	return judge(s, ignore, func(c Check) bool { return !c.Probes || s.Probed })
}

// JudgeSurroundings asks those checks that judge what every look at a host sees.
func JudgeSurroundings(s Scene) []Finding {
	return judge(s, nil, func(c Check) bool { return c.Surroundings })
}

func judge(s Scene, ignore []string, isAsked func(Check) bool) []Finding {
	place := map[string]int{}
	for i, h := range s.Cluster.Hosts {
		place[h.Name] = i
	}
	byPlace := func(a, b string) int { return cmp.Compare(place[a], place[b]) }
	var all []Finding
	for _, c := range Checks() {
		if !isAsked(c) {
			continue
		}
		found := c.judge(s)
		for i := range found {
			f := &found[i]
			f.ID = cmp.Or(f.ID, c.ID)
			slices.SortFunc(f.Hosts, byPlace)
			if f.Level == OK {
				f.Hint = ""
				continue
			}
			f.Hint, f.Code = cmp.Or(f.Hint, c.Hint), c.Code
			if f.Level == Fail && ignored(f.ID, ignore) {
				f.Level, f.Ignored = Warn, true
			}
		}
		all = append(all, found...)
	}
	return all
}

// Failed returns the findings that fail.
func Failed(findings []Finding) []Finding {
	var failed []Finding
	for _, f := range findings {
		if f.Level == Fail {
			failed = append(failed, f)
		}
	}
	return failed
}

// Merged joins the findings that differ in their hosts alone, so that a thing that is so everywhere
// is told once.
func Merged(findings []Finding) []Finding {
	var merged []Finding
	for _, f := range findings {
		i := slices.IndexFunc(merged, func(m Finding) bool {
			return m.ID == f.ID && m.Level == f.Level && m.Evidence == f.Evidence && m.Hint == f.Hint
		})
		if i < 0 {
			f.Hosts = slices.Clone(f.Hosts)
			merged = append(merged, f)
			continue
		}
		merged[i].Hosts = append(merged[i].Hosts, f.Hosts...)
	}
	return merged
}

// Error says that checks failed, so that nothing was changed. It has all findings, those of other
// levels too.
type Error struct{ Findings []Finding }

// Error says how many checks failed. Parts has each of them.
func (e *Error) Error() string { return Summary(e.Findings) }

// Fault is KB3001.
func (e *Error) Fault() fault.Code { return fault.PreflightFailed }

// Hint names the IDs to ignore.
func (e *Error) Hint() string {
	var ids []string
	for _, f := range Failed(e.Findings) {
		if !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return "mend these; or go on in spite of them with --ignore-preflight=" + strings.Join(ids, ",")
}

// Parts are the checks that failed, one error for each, which has the code and the hint of its
// check.
func (e *Error) Parts() []error {
	var causes []error
	for _, f := range Merged(Failed(e.Findings)) {
		causes = append(causes, &failure{f})
	}
	return causes
}

// Unwrap returns the parts.
func (e *Error) Unwrap() []error { return e.Parts() }

// failure is a check that failed.
type failure struct{ finding Finding }

func (f *failure) Error() string     { return f.finding.Text() }
func (f *failure) Fault() fault.Code { return f.finding.Code }
func (f *failure) Hint() string      { return f.finding.Hint }

// Summary counts what failed, in a line: "preflight: 2 checks failed on cp1, w1; nothing was
// changed".
func Summary(findings []Finding) string {
	var hosts []string
	failed := Merged(Failed(findings))
	for _, f := range failed {
		for _, h := range f.Hosts {
			if !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
			}
		}
	}
	checks := "1 check"
	if len(failed) != 1 {
		checks = fmt.Sprintf("%d checks", len(failed))
	}
	return fmt.Sprintf("preflight: %s failed on %s; nothing was changed", checks, strings.Join(hosts, ", "))
}

// each asks a question about every host by itself.
func each(judge func(Scene, Host) []Finding) func(Scene) []Finding {
	return func(s Scene) []Finding {
		var all []Finding
		for _, h := range s.Hosts {
			for _, f := range judge(s, h) {
				f.Hosts = []string{h.Name}
				all = append(all, f)
			}
		}
		return all
	}
}

// one is a single finding.
func one(level Level, format string, args ...any) []Finding {
	return []Finding{{Level: level, Evidence: fmt.Sprintf(format, args...)}}
}

// unit returns a unit of the host.
func (h Host) unit(name string) (host.Unit, bool) {
	i := slices.IndexFunc(h.Survey.Units, func(u host.Unit) bool { return u.Name == name })
	if i < 0 {
		return host.Unit{}, false
	}
	return h.Survey.Units[i], true
}

// active reports whether a unit runs.
func (h Host) active(name string) bool {
	u, ok := h.unit(name)
	return ok && u.Active
}

// own reports whether a unit is one that the tool made: those have a drop-in of its own.
func (h Host) own(name string) bool {
	u, ok := h.unit(name)
	return ok &&
		slices.ContainsFunc(u.DropIns, func(path string) bool { return strings.HasSuffix(path, "/50-kbootstrap.conf") })
}

// span is a duration for people.
func span(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}
