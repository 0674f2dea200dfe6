package report

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// secret must be in nothing that a run tells.
const secret = "s3cr3t-k3y-material"

func twoHosts() *inventory.Cluster {
	return &inventory.Cluster{Name: "demo", File: filepath.Join("testdata", "hosts.yaml"), Hosts: []inventory.Host{
		{
			Name: "cp1", Address: netip.MustParseAddr("192.168.56.11"),
			Roles: []inventory.Role{inventory.Etcd, inventory.ControlPlane},
		},
		{Name: "w1", Address: netip.MustParseAddr("192.168.56.21"), Roles: []inventory.Role{inventory.Worker}},
		{Name: "w2", Address: netip.MustParseAddr("192.168.56.22"), Roles: []inventory.Role{inventory.Worker}},
	}}
}

// clock moves on by a quarter of a second each time that it is looked at.
func clock() func() time.Time {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time { now = now.Add(250 * time.Millisecond); return now }
}

// failures are what went wrong in the run of happened.
var failures = plan.Failures{
	{
		Host: "w1", Component: "kubelet",
		Err: hinted{errors.New("write /var/lib/kubelet/config.yaml: no space left on device")},
	},
}

type hinted struct{ error }

func (hinted) Hint() string { return "free some space" }

// happened tells the sinks of a run with all kinds of events, and returns it.
func happened(sinks ...Sink) *Run {
	run := start(
		Identity{Verb: "up", Command: []string{"up", "-i", "hosts.yaml"}, Version: "v1.2.3", Log: "/state/up.log"},
		twoHosts(), clock(), "0123456789abcdef", sinks...,
	)
	key := resource.File{Path: "/etc/etcd/pki/server.key", Mode: 0o600, Content: []byte(secret), Secret: true}
	for _, e := range []fleet.Event{
		{Kind: fleet.EventPhase, Text: "fetch dl.k8s.io/v1.36.3/kubelet"},
		{Kind: fleet.EventConnecting, Host: "cp1", Component: "connect"},
		{Kind: fleet.EventLog, Host: "cp1", Component: "connect", Text: "uploading the agent (12.3 MB)"},
		{Kind: fleet.EventConnected, Host: "cp1", Text: "Debian GNU/Linux 12 (bookworm), kernel 6.1.0"},
		{Kind: fleet.EventPlanned, Host: "cp1", Count: 1},
		{Kind: fleet.EventStart, Host: "cp1", Component: "etcd"},
		{Kind: fleet.EventSending, Host: "cp1", Text: "etcd", Bytes: 4_000_000},
		{Kind: fleet.EventSent, Host: "cp1", Text: "etcd", Bytes: 8_400_000},
		{Kind: fleet.EventChange, Host: "cp1", Component: "etcd", ID: key.ID(), Took: 40 * time.Millisecond,
			Diff: resource.Diff(resource.File{Path: key.Path, Absent: true}, key)},
		{Kind: fleet.EventLog, Host: "cp1", Component: "etcd", Text: "waiting for https://127.0.0.1:2379/health"},
		{Kind: fleet.EventDone, Host: "cp1", Component: "etcd", Took: 2100 * time.Millisecond},
		{
			Kind: fleet.EventFailed, Host: "w1", Component: "kubelet", Text: failures[0].Err.Error(),
			Err: failures[0].Err, Took: time.Second,
		},
	} {
		run.Report(e)
	}
	return run
}

// TestStream: the lines of a stream, as a program gets them. They are what has been promised.
func TestStream(t *testing.T) {
	var out strings.Builder
	run := happened(NewStream(&out, func(err error) { t.Error(err) }))
	run.Finish(failures, 6)
	golden.File(t, "testdata/events.jsonl", out.String())
	if strings.Contains(out.String(), secret) {
		t.Error("a secret is in the events")
	}
	decoder := json.NewDecoder(strings.NewReader(out.String()))
	decoder.DisallowUnknownFields()
	var last Event
	for decoder.More() {
		var e Event
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.APIVersion != APIVersion || e.Run != run.ID || e.Time.Before(last.Time.Time) {
			t.Errorf("%+v after %+v", e, last)
		}
		last = e
	}
	if last.Kind != Finished || *last.ExitCode != 6 || last.Count != 1 {
		t.Errorf("the last event is %+v", last)
	}
}

// TestStreamThatEnds: a reader that goes away is told of once, and stops nothing.
func TestStreamThatEnds(t *testing.T) {
	told := 0
	happened(NewStream(closed{}, func(error) { told++ })).Finish(nil, 0)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestDocument: the document of a run in which one host failed.
func TestDocument(t *testing.T) {
	run := happened()
	run.Finish(failures, 6)
	var out strings.Builder
	if err := run.Document("Up", nil, failures, 6, OutcomePartial).Write(&out); err != nil {
		t.Fatal(err)
	}
	golden.File(t, "testdata/document.json", out.String())
	if strings.Contains(out.String(), secret) {
		t.Error("a secret is in the document")
	}
}

// TestDocumentOutcomes: what is said of the hosts for each end of a run.
func TestDocumentOutcomes(t *testing.T) {
	for _, test := range []struct {
		outcome string
		result  any
		err     error
		want    string
	}{
		{OutcomeOK, Up{}, nil, "ok failed"},
		{OutcomePartial, nil, failures, "ok failed"},
		{OutcomeFailed, nil, errors.New("x"), "unfinished failed"},
		{OutcomeFailed, Plan{}, errors.New("x"), "ok failed"},
		{OutcomeInterrupted, nil, errors.New("x"), "unfinished failed"},
		{OutcomeFailed, nil, plan.Failures{{Host: "cp1", Err: errors.New("x")}}, "failed failed"},
	} {
		var outcomes []string
		for _, h := range happened().Document("Up", test.result, test.err, 1, test.outcome).Hosts {
			outcomes = append(outcomes, h.Outcome)
		}
		if got := strings.Join(outcomes, " "); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// TestDocumentWithoutCluster: an inventory that cannot be read has a document too, with each
// problem and its place.
func TestDocumentWithoutCluster(t *testing.T) {
	problems := inventory.Problems{{
		Code: "KB1003", File: "hosts.yaml", Line: 14, Column: 7, Message: `unknown field "rack"`, Hint: "remove it",
	}}
	run := start(Identity{Verb: "up", Version: "v1.2.3"}, nil, clock(), "0123456789abcdef")
	run.Finish(problems, 2)
	d := run.Document("Up", nil, problems, 2, OutcomeFailed)
	want := []Error{{
		Code: "KB1003", Message: `unknown field "rack"`, Hint: "remove it", File: "hosts.yaml", Line: 14, Column: 7,
	}}
	if diff := cmp.Diff(want, d.Errors); diff != "" || d.Cluster != "" || len(d.Hosts) != 0 {
		t.Errorf("%s%+v", diff, d)
	}
}

// TestSkip: a host on which a part was not begun is not told to be done.
func TestSkip(t *testing.T) {
	run := happened()
	run.Skip("cp1", "w1")
	hosts := run.Document("Up", nil, failures, 6, OutcomePartial).Hosts
	if hosts[0].Outcome != OutcomeSkipped || hosts[1].Outcome != OutcomeFailed {
		t.Errorf("%+v", hosts)
	}
}

func TestTouched(t *testing.T) {
	run := happened()
	if got := run.Touched("cp1"); len(got) != 1 || got[0] != "etcd" || run.Touched("w2") != nil {
		t.Errorf("got %q", got)
	}
}
