package resource_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

// TestObserveAsksWhoRuns: whether a service answers is asked only where it runs, and what goes
// through several services only where all of them run.
func TestObserveAsksWhoRuns(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	m.executable("/bin/ctr")
	m.put("/run/c.sock", "")
	newCtr(m, "/bin/ctr", "/run/c.sock")
	wanted := []resource.Resource{
		resource.Ready{Name: "etcd", URL: server.URL, Unit: "etcd.service"},
		resource.Ready{Name: "all", URL: server.URL},
		resource.Image{Ref: "registry.k8s.io/pause:3.1", Socket: "/run/c.sock", Program: "/bin/ctr"},
	}
	for _, name := range []string{"etcd.service", "containerd.service"} {
		m.put("/etc/systemd/system/"+name, "[Service]\n")
		wanted = append(wanted, resource.Service{Name: name, Running: true})
	}
	for _, stage := range []struct {
		starts   string
		asked    int64
		answered []string
	}{
		{"", 0, nil},
		{"etcd.service", 1, []string{"ready etcd"}},
		{"containerd.service", 2, []string{"ready etcd", "ready all", "image registry.k8s.io/pause:3.1"}},
	} {
		if stage.starts != "" {
			m.must(s.start(stage.starts))
		}
		asked.Store(0)
		found, err := converge.Observe(t.Context(), m.System, wanted)
		m.must(err)
		var answered []string
		for _, f := range found[:3] {
			if f.State() != "" {
				answered = append(answered, f.ID())
			}
		}
		if asked.Load() != stage.asked || !slices.Equal(answered, stage.answered) {
			t.Errorf("with %q, %d questions are asked, and %q answer", stage.starts, asked.Load(), answered)
		}
	}
}
