package resource_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// server is a machine on which one component of ours runs and is healthy.
type server struct {
	*machine
	systemd *systemd
	url     string // of its health
	start   string // how the machine is then
	killed  atomic.Bool
}

const serverUnit = "server.service"

// newServer sets up the machine. The service answers when it runs; it does not start with a unit
// that says "broken".
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{machine: newMachine(t)}
	s.systemd = newSystemd(s.machine)
	s.systemd.broken = "broken"
	s.Around = unsynced
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !s.runs() && !s.killed.Load() { // who is dead is not to wait
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(h.Close)
	s.url = h.URL
	s.converge(s.component("1"))
	s.must(s.Flush())
	s.start = s.state()
	s.ran = nil
	return s
}

func (s *server) runs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.systemd.units[serverUnit]
	return u != nil && u.active == "active"
}

// component is the component in some version.
func (s *server) component(version string) []resource.Resource {
	program := "/opt/server-" + version + "/server"
	files := []resource.Resource{
		resource.File{Path: program, Mode: 0o755, Blob: s.has("program " + version)},
		resource.Link{Path: "/usr/local/bin/server", Target: program},
		resource.File{Path: "/etc/server/key", Mode: 0o600, Content: []byte("s3cret " + version), Secret: true},
		resource.File{
			Path:    "/etc/systemd/system/" + serverUnit,
			Mode:    0o600,
			Content: []byte("[Service]\nversion " + version + "\n"),
		},
	}
	if version != "1" {
		files = append(files, resource.File{Path: "/etc/server/new", Content: []byte(version)})
	}
	service := resource.Service{Name: serverUnit, Enabled: true, Running: true, Config: "config-" + version}
	for _, f := range files {
		service.Starts = append(service.Starts, f.ID())
	}
	return slices.Concat(
		[]resource.Resource{resource.Dir{Path: "/etc/server", Mode: 0o700}}, files, []resource.Resource{
			service,
			resource.File{Path: "/etc/server/admin", Content: []byte("admin " + version)},
			resource.Ready{Name: "server", URL: s.url, Unit: serverUnit},
			resource.File{Path: "/etc/server/mark", Content: []byte("marked")},
		})
}

// state is the machine without what has another number each time, and without programs, which may
// stay.
func (s *server) state() string {
	var lines []string
	spared := []string{"/proc", "/opt/", "/var/lib/blobs", "/run "}
	for line := range strings.Lines(s.snapshot()) {
		if !slices.ContainsFunc(spared, func(p string) bool { return strings.HasPrefix(line, p) }) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "") + s.observe(resource.Service{Name: serverUnit, Config: "any"}).State()
}

// clean checks that a run has left nothing of its own.
func (s *server) clean() {
	s.t.Helper()
	for _, name := range []string{host.UndoDir, resource.Owed(serverUnit)} {
		if s.Exists(name) {
			s.t.Errorf("%s is left", name)
		}
	}
}

func (s *server) pid() int { return s.systemd.units[serverUnit].pid }

// reopen is the same machine as another session sees it.
func (s *server) reopen() {
	s.Close()
	s.System = host.NewSystem(s.Root, s.run, s.blob, nil)
	s.Around = unsynced
}

// unsynced leaves out the waits for the disk: no user pulls the plug of the machine that the test
// runs on.
func unsynced(step host.Step, do func() error) error {
	if step.Op == host.OpSync {
		return nil
	}
	return do()
}
