package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/trial"
	"kbootstrap/resource"
)

// TestFaultsCrossTheWire: the codes of errors on the host reach the control machine, and with them
// the unit that failed.
func TestFaultsCrossTheWire(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root, Run: func(_ context.Context, argv ...string) ([]byte, error) {
		switch argv[0] {
		case "systemctl": // a unit that there is not
			return []byte("LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\nUnitFileState=\n"), nil
		case "journalctl":
			return trial.Journal(t, "listen tcp 192.0.2.1:2379: bind: address already in use"), nil
		}
		panic("no test runs " + argv[0] + " here")
	}}, pipes)
	good, other := random(t, 1<<10), random(t, 1<<10)
	for _, test := range []struct {
		code fault.Code
		make func() error
	}{
		{fault.StepFailed, func() error {
			wanted := []resource.Resource{resource.File{Path: "/a", Owner: "stranger:here"}}
			return client.Converge(t.Context(), "base", wanted, nil)
		}},
		{fault.ContentDamaged, func() error {
			u := Upload{Sum: good.sum, Size: int64(len(good.plain))}
			return client.Send(t.Context(), u, bytes.NewReader(other.zstd))
		}},
		{fault.NodeMismatch, func() error {
			return client.Send(t.Context(), Upload{Sum: "../etc", Size: 1}, bytes.NewReader(nil))
		}},
		{fault.NodeMismatch, func() error { return client.ask(t.Context(), "/v1/open", []int{1}, nil) }},
		{fault.NodePanic, func() error {
			return client.Converge(t.Context(), "base", []resource.Resource{resource.Module{Name: "overlay"}}, nil)
		}},
	} {
		err := test.make()
		if code := fault.Of(err); code != test.code {
			t.Errorf("code %q, want %q: %v", code, test.code, err)
		}
	}
	wanted := []resource.Resource{resource.Service{Name: "etcd.service", Running: true, Config: "1"}}
	err := client.Converge(t.Context(), "etcd", wanted, nil)
	var remote *RemoteError
	if !errors.As(err, &remote) || remote.Unit != "etcd.service" || fault.Of(err) != fault.ServiceNotStarted {
		t.Errorf("got %+v, want a service that does not start", err)
	} else if !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("the journal is not in it: %v", err)
	}
}

// TestJournalCrosses: the end of a unit's journal is a field of its own on the other side, and
// below the text when the error is shown.
func TestJournalCrosses(t *testing.T) {
	err := fmt.Errorf("service etcd.service: %w", &host.UnitError{
		Code: fault.ServiceNotStarted, Unit: "etcd.service", Err: errors.New("it failed"), Failure: host.Crashed,
		Journal: host.Journal{Unit: "etcd.service", Lines: []host.Line{{Text: "first", Start: 1}, {Text: "last"}}},
		Since:   7,
	})
	var remote *RemoteError
	if !errors.As(toWire(err).error(), &remote) {
		t.Fatalf("another error: %v", err)
	}
	if remote.Text != "service etcd.service: it failed" ||
		remote.Unit != "etcd.service" || remote.Journal.End(20) != "first\nlast" ||
		remote.Failure != host.Crashed || remote.Since != 7 || remote.Journal.Lines[0].Start != 1 {
		t.Errorf("it is %+v", remote)
	}
	const want = "service etcd.service: it failed\njournal of etcd.service:\n    first\n    last"
	if remote.Error() != want {
		t.Errorf("it shows\n%s\nwant\n%s", remote.Error(), want)
	}
}
