package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/node"
)

// witness is a host with journals by unit, on which nc listens everywhere.
type witness struct {
	journals map[string]string
	asked    []string
}

func (w *witness) Evidence(_ context.Context, unit string, since host.Moment) (host.Journal, error) {
	w.asked = append(w.asked, fmt.Sprint(unit, " since ", since))
	text, ok := w.journals[unit]
	if !ok {
		return host.Journal{}, errors.New("no journal")
	}
	return host.Journal{Unit: unit, Runs: true, Lines: linesOf(text)}, nil
}

func (w *witness) Survey(_ context.Context, q host.SurveyQuery) (host.Survey, error) {
	return host.Survey{Ports: []host.Port{{Number: q.TCP[0], Program: "nc", PID: 812}}}, nil
}

// TestExplain: what the unit that failed has written is judged, and that of what it needs; an error
// that is about no unit, or whose cause is unknown, stays as it is.
func TestExplain(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "port-etcd.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what, unit, journal string
		asked               []string
		known               bool
	}{
		{"no unit", "", "", nil, false},
		{"an unknown cause", "etcd.service", "odd", nil, false},
		{"a known cause", "etcd.service", string(text), nil, true},
		{"a unit that needs another", "kubelet.service", "odd", []string{"containerd.service since 7"}, false},
	} {
		w := &witness{journals: map[string]string{"containerd.service": "odd"}}
		failed := error(&node.RemoteError{
			Text: "it does not start", Unit: test.unit, Failure: host.Crashed, Since: 7,
			Journal: host.Journal{Unit: test.unit, Lines: linesOf(test.journal)},
		})
		got := Explain(t.Context(), w, nil, failed)
		var known *UnitFailure
		if errors.As(got, &known) != test.known || !errors.Is(got, failed) {
			t.Errorf("%s: got %v", test.what, got)
		}
		if !slices.Equal(w.asked, test.asked) {
			t.Errorf("%s: asked for the journals of %q", test.what, w.asked)
		}
		if test.known && (known.Fault() != fault.PortInUse || !strings.Contains(got.Error(), "nc (pid 812)")) {
			t.Errorf("%s: %v", test.what, got)
		}
	}
}

// TestExplainElsewhere: the API is asked on a control plane, but the kubelet that did not do its
// work is another host's: that one's journal is evidence, and is shown where it explains nothing.
func TestExplainElsewhere(t *testing.T) {
	const deleted = `E1128 21:05:49.822170     217 kubelet_node_status.go:479] "Error updating node status, will ` +
		`retry" ` +
		`err="error getting node \"w1\": nodes \"w1\" not found"`
	failed := error(&node.RemoteError{
		Text: "waited for node w1", Unit: "kubelet.service", Node: "w1", Failure: host.Unheard,
		Journal: host.Journal{Unit: "kubelet.service", Lines: linesOf("of the lead's own kubelet")},
	})
	for journal, want := range map[string]string{
		deleted: "node w1 was deleted from the API while its kubelet runs, and a kubelet registers only at its " +
			"start\n" +
			"waited for node w1\njournal of kubelet.service:\n  > " + deleted,
		"of w1": "waited for node w1\njournal of kubelet.service on w1:\n    of w1",
	} {
		w1 := &witness{journals: map[string]string{"kubelet.service": journal, "containerd.service": "odd"}}
		others := func(name string) Host {
			if name == "w1" {
				return w1
			}
			return nil
		}
		got := Explain(t.Context(), &witness{}, others, failed)
		if got.Error() != want || !errors.Is(got, failed) {
			t.Errorf("it says\n%v\nwant\n%s", got, want)
		}
		if got := Explain(t.Context(), &witness{}, func(string) Host { return nil }, failed); !errors.Is(got, failed) {
			t.Errorf("without that host: %v", got)
		}
	}
}
