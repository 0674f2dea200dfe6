package diagnosis

import (
	"context"
	"errors"
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

func (w *witness) Journal(_ context.Context, unit string, _ int) (string, error) {
	w.asked = append(w.asked, unit)
	text, ok := w.journals[unit]
	if !ok {
		return "", errors.New("no journal")
	}
	return text, nil
}

func (w *witness) Survey(_ context.Context, q host.SurveyQuery) (host.Survey, error) {
	return host.Survey{Ports: []host.Port{{Number: q.TCP[0], Program: "nc", PID: 812}}}, nil
}

// TestExplain: the journal of the unit that failed is read, and of what it needs; an error that is
// about no unit, or whose cause is unknown, stays as it is.
func TestExplain(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "port-etcd.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what, unit string
		journals   map[string]string
		asked      []string
		known      bool
	}{
		{"no unit", "", nil, nil, false},
		{"no journal", "etcd.service", nil, []string{"etcd.service"}, false},
		{"an unknown cause", "etcd.service", map[string]string{"etcd.service": "odd"}, []string{"etcd.service"}, false},
		{
			"a known cause", "etcd.service", map[string]string{"etcd.service": string(text)}, []string{"etcd.service"},
			true,
		},
		{
			"a unit that needs another", "kubelet.service",
			map[string]string{"kubelet.service": "odd", "containerd.service": "odd"},
			[]string{"kubelet.service", "containerd.service"}, false,
		},
	} {
		w := &witness{journals: test.journals}
		failed := error(&node.RemoteError{Text: "it does not start", Unit: test.unit})
		got := Explain(t.Context(), w, failed)
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
