package report

import (
	"io"
	"slices"

	"kbootstrap/inventory"
)

// The outcomes of a run and of a host in it.
const (
	OutcomeOK          = "ok"          // everything is done, or there was nothing to do
	OutcomeFailed      = "failed"      // something went wrong; see the errors
	OutcomePartial     = "partial"     // some hosts failed, the others finished
	OutcomeInterrupted = "interrupted" // the run was stopped before its end
	OutcomeUnfinished  = "unfinished"  // of a host: nothing went wrong there, but the run ended early
	OutcomeSkipped     = "skipped"     // of a host: a part was not begun there because something failed elsewhere
)

// Document is the one document that a command prints with -o json, also when it fails.
type Document struct {
	// Always "kbootstrap/v1".
	APIVersion string `json:"apiVersion"`
	// Which command the document is of: "Up", "AddNode", "Reset", "Plan", "Status" and so on. The
	// result depends on it.
	Kind string `json:"kind"`
	// The run: 16 hex digits, as in its events.
	Run string `json:"run"`
	// The version of the tool.
	Version string `json:"version"`
	// The name of the cluster; absent if the inventory could not be read.
	Cluster string `json:"cluster,omitempty"`
	// The path of the inventory, as it was given.
	Inventory string `json:"inventory,omitempty"`
	// When the run began, in UTC, RFC 3339 with milliseconds.
	Started Time `json:"started"`
	// How long the run took, in milliseconds.
	DurationMs int64 `json:"durationMs"`
	// How the run ended: ok, failed, partial or interrupted.
	Outcome string `json:"outcome"`
	// The exit code of the process.
	ExitCode int `json:"exitCode"`
	// How many resources were changed on all hosts.
	Changed int `json:"changed"`
	// How many bytes went to all hosts, compressed.
	Bytes int64 `json:"bytes"`
	// How many of them other hosts sent, and not the control machine.
	BytesPassedOn int64 `json:"bytesPassedOn,omitempty"`
	// The hosts that the run was about, in the order of the inventory.
	Hosts []Host `json:"hosts"`
	// All that went wrong; empty if nothing did.
	Errors []Error `json:"errors"`
	// What the command found or made; its shape depends on the kind. Absent if the command did not
	// get that far.
	Result any `json:"result,omitempty"`
	// The path of the run's log file.
	Log string `json:"log,omitempty"`
}

// Host is what a run did to one host.
type Host struct {
	// The host's name in the inventory.
	Name string `json:"name"`
	// The address by which the other hosts reach it.
	Address string `json:"address,omitempty"`
	// Its roles in the cluster: etcd, control-plane, worker.
	Roles []inventory.Role `json:"roles,omitempty"`
	// How the run ended there: ok, failed, skipped or unfinished.
	Outcome string `json:"outcome"`
	// How many resources were changed.
	Changed int `json:"changed"`
	// How many resources were changed, by component; absent if there are none.
	Components map[string]int `json:"components,omitempty"`
	// How many bytes went there, compressed.
	Bytes int64 `json:"bytes"`
	// How many of them other hosts sent, and not the control machine.
	BytesPassedOn int64 `json:"bytesPassedOn,omitempty"`
}

// Document sums up the run. The result is what the command found, or nil; the caller passes the
// outcome, because it knows what the exit code means.
func (r *Run) Document(kind string, result any, err error, exitCode int, outcome string) Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := Document{
		APIVersion: APIVersion, Kind: kind, Run: r.ID, Version: r.Version, Started: Time{r.began},
		DurationMs: r.now().Sub(r.began).Milliseconds(), Outcome: outcome, ExitCode: exitCode,
		Hosts: []Host{}, Errors: append([]Error{}, Errors(err)...), Result: result, Log: r.Log,
	}
	for _, e := range d.Errors {
		if e.Host != "" {
			r.host(e.Host).failed = true
		}
	}
	if r.Cluster == nil {
		return d
	}
	d.Cluster, d.Inventory = r.Cluster.Name, r.Cluster.File
	for _, h := range r.Cluster.Hosts {
		t := r.hosts[h.Name]
		if t == nil {
			continue // the run did not concern this host
		}
		host := Host{
			Name: h.Name, Address: h.Address.String(), Roles: slices.Clone(h.Roles), Outcome: outcome,
			Changed: t.count(), Components: t.changed, Bytes: t.bytes,
			BytesPassedOn: t.passed,
		}
		switch {
		case t.failed:
			host.Outcome = OutcomeFailed
		case t.skipped:
			host.Outcome = OutcomeSkipped
		case outcome == OutcomePartial || result != nil: // a command that has its result has done its part everywhere
			host.Outcome = OutcomeOK
		case outcome != OutcomeOK:
			host.Outcome = OutcomeUnfinished
		}
		d.Changed += host.Changed
		d.Bytes += host.Bytes
		d.BytesPassedOn += host.BytesPassedOn
		d.Hosts = append(d.Hosts, host)
	}
	return d
}

// Write writes the document as indented JSON.
func (d Document) Write(w io.Writer) error {
	encoder := newEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// Up is the result of an up.
type Up struct {
	// The path of the administrator's kubeconfig that was written.
	Kubeconfig string `json:"kubeconfig,omitempty"`
}
