package report

import (
	"time"

	"kbootstrap/provision/fleet"
)

// The kinds of events besides those of package provision.
const (
	Started  = "started" // the first event: command, version, cluster, inventory and hosts
	Warning  = fleet.EventWarning
	Failed   = "error"    // an error that ended the run or a part of it, once at the end, with its code and hint
	Finished = "finished" // the last event: exitCode, durationMs, changed, bytes; count: the changed resources
)

// Event is one thing that happened in a run: a line of the stream of events, and a line of the log.
type Event struct {
	// Always "kbootstrap/v1".
	APIVersion string `json:"apiVersion"`
	// When the control machine noticed it, in UTC, RFC 3339 with milliseconds.
	Time Time `json:"time"`
	// The run that the event belongs to: 16 hex digits, different for each run.
	Run string `json:"run"`
	// What happened. Kinds may be added: ignore those that you do not know.
	Kind string `json:"kind"`
	// The name in the inventory of the host that the event concerns, if there is one.
	Host string `json:"host,omitempty"`
	// The component on that host, such as "etcd".
	Component string `json:"component,omitempty"`
	// The resource that was changed, such as "file /etc/etcd/pki/server.crt".
	Resource string `json:"resource,omitempty"`
	// Of a change, always true; of done and finished, whether any resource was changed.
	Changed bool `json:"changed,omitempty"`
	// A number of things; the kind says which.
	Count int `json:"count,omitempty"`
	// How long it took, in milliseconds.
	DurationMs int64 `json:"durationMs,omitempty"`
	// Of start, the host and the component that it waited for last, such as "w1/containerd".
	After string `json:"after,omitempty"`
	// Bytes that travelled to the host, compressed.
	Bytes int64 `json:"bytes,omitempty"`
	// Of sending and sent, the host that passed the file on; absent if the control machine sent it.
	From string `json:"from,omitempty"`
	// Text for people. It changes between versions: do not parse it.
	Text string `json:"text,omitempty"`
	// Of a change, the line diff of the resource's state, in which secrets are digests.
	Diff string `json:"diff,omitempty"`
	// What went wrong.
	Error *Error `json:"error,omitempty"`
	// Of started: the command, such as "up".
	Verb string `json:"verb,omitempty"`
	// Of started: what was typed after the name of the program.
	Command []string `json:"command,omitempty"`
	// Of started: the version of the tool.
	Version string `json:"version,omitempty"`
	// Of started: the name of the cluster.
	Cluster string `json:"cluster,omitempty"`
	// Of started: the path of the inventory, as it was given.
	Inventory string `json:"inventory,omitempty"`
	// Of started: the sha256 sum of the inventory file.
	InventorySHA256 string `json:"inventorySha256,omitempty"`
	// Of started: the names of the hosts in the inventory.
	Hosts []string `json:"hosts,omitempty"`
	// Of started: the path of the run's log file.
	Log string `json:"log,omitempty"`
	// Of finished: the exit code of the process.
	ExitCode *int `json:"exitCode,omitempty"`
}

// from turns an event of package provision into the form of the schema.
func from(e fleet.Event) Event {
	out := Event{
		Kind: e.Kind, Host: e.Host, Component: e.Component, Resource: e.ID, Diff: e.Diff, Text: e.Text, Bytes: e.Bytes,
		Count: e.Count, After: e.After, From: e.From, DurationMs: e.Took.Milliseconds(),
		Changed: e.Kind == fleet.EventChange,
	}
	if e.Err != nil {
		out.Error = &Errors(e.Err)[0]
	}
	return out
}

// Time is a moment as the schema writes it: "2026-01-02T15:04:05.678Z".
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the moment in UTC with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"` + timeLayout + `"`)), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Time) UnmarshalJSON(text []byte) (err error) {
	t.Time, err = time.Parse(`"`+timeLayout+`"`, string(text))
	return err
}
