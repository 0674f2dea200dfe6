// Package report describes what a run does, in the forms that other programs depend on: a stream of
// events, a log file, and one document at the end. The types are the schema: docs/events.md and
// docs/schema are generated from their fields and comments. Fields are added, and never removed or
// given another meaning, as long as APIVersion is the same.
//
// Start at Run, which takes the events of package provision and passes them to every Sink.
package report

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"sync"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
)

// APIVersion is the version of the schema of events and documents.
const APIVersion = "kbootstrap/v1"

// Sink takes the events of a run, one at a time.
type Sink interface{ Event(Event) }

// Identity says which run an event or a document is about.
type Identity struct {
	Verb    string   // "up"
	Command []string // what was typed, without the name of the program; no flag takes a secret
	Version string   // of the tool
	Log     string   // path of the log file; empty if there is none
}

// Run is one invocation of a command on a cluster. It stores only totals: events pass through.
// Its methods may be called from several goroutines at once.
type Run struct {
	ID string // 16 hex digits, different for each run
	Identity
	Cluster *inventory.Cluster // nil if the inventory could not be read

	began time.Time
	now   func() time.Time

	mu    sync.Mutex
	sinks []Sink
	hosts map[string]*total
}

// total is what happened on one host so far.
type total struct {
	changed map[string]int // by component
	bytes   int64
	passed  int64 // of them, by other hosts
	failed  bool
	skipped bool
}

// Start begins a run and sends the first event to each of the sinks. The cluster may be nil.
func Start(id Identity, c *inventory.Cluster, sinks ...Sink) *Run {
	return start(id, c, time.Now, newID(), sinks...)
}

func start(id Identity, c *inventory.Cluster, now func() time.Time, name string, sinks ...Sink) *Run {
	r := &Run{ID: name, Identity: id, Cluster: c, began: now(), now: now, sinks: sinks, hosts: map[string]*total{}}
	e := Event{Kind: Started, Verb: id.Verb, Command: id.Command, Version: id.Version, Log: id.Log}
	if c != nil {
		e.Cluster, e.Inventory = c.Name, c.File
		_, e.InventorySHA256, _ = fileSum(c.File) // empty when standard input was read, which cannot be read again
		for _, h := range c.Hosts {
			e.Hosts = append(e.Hosts, h.Name)
		}
	}
	r.send(e)
	return r
}

// newID returns a name that no other run has.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// Report takes one event of package provision.
func (r *Run) Report(e fleet.Event) { r.send(from(e)) }

// Finish ends the run: the sinks get an event for each error, and the last event. The exit code is
// that of the process.
func (r *Run) Finish(err error, exitCode int) {
	for _, e := range Errors(err) {
		r.send(Event{Kind: Failed, Host: e.Host, Component: e.Component, Error: &e, Text: e.Message})
	}
	r.mu.Lock()
	changed, bytes := 0, int64(0)
	for _, t := range r.hosts {
		changed += t.count()
		bytes += t.bytes
	}
	r.mu.Unlock()
	r.send(Event{
		Kind: Finished, ExitCode: &exitCode, Changed: changed > 0, Count: changed, Bytes: bytes,
		DurationMs: r.now().Sub(r.began).Milliseconds(),
	})
}

// send completes an event, counts it, and passes it on.
func (r *Run) send(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.APIVersion, e.Time, e.Run = APIVersion, Time{r.now()}, r.ID
	if e.Host != "" {
		t := r.host(e.Host)
		switch e.Kind {
		case fleet.EventChange:
			t.changed[e.Component]++
		case fleet.EventSent:
			t.bytes += e.Bytes
			if e.From != "" {
				t.passed += e.Bytes
			}
		case fleet.EventDone:
			e.Count = t.changed[e.Component]
			e.Changed = e.Count > 0
		case fleet.EventFailed, Failed:
			t.failed = true
		}
	}
	for _, s := range r.sinks {
		s.Event(e)
	}
}

func (r *Run) host(name string) *total {
	t := r.hosts[name]
	if t == nil {
		t = &total{changed: map[string]int{}}
		r.hosts[name] = t
	}
	return t
}

// Took is how long the run has taken so far.
func (r *Run) Took() time.Duration { return r.now().Sub(r.began) }

// Skip records that a part of the run was not begun on some hosts because something failed
// elsewhere.
func (r *Run) Skip(hosts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range hosts {
		r.host(name).skipped = true
	}
}

// Touched are the components of which something was changed on a host, in the order of their names.
func (r *Run) Touched(host string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.hosts[host]; t != nil {
		return slices.Sorted(maps.Keys(t.changed))
	}
	return nil
}

func (t *total) count() int {
	n := 0
	for _, c := range t.changed {
		n += c
	}
	return n
}
