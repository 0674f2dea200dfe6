package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/resource"
)

// host is a host whose node runs in this process: its files are in a directory, and its services are those that the test
// says run.
type fakeHost struct {
	root string
	*fleet.Machine
	runs map[string]bool
	// answers, when it is not nil, answers all programs instead.
	answers func(argv []string) ([]byte, error)
	end     func() // of the session
}

// newHost starts a node. It must end without an error when the test does.
func newHost(t *testing.T, name string, running ...string) *fakeHost {
	t.Helper()
	h := &fakeHost{root: t.TempDir(), runs: map[string]bool{}}
	for _, unit := range running {
		h.runs[unit] = true
	}
	h.Machine = &fleet.Machine{}
	h.Host.Name = name
	h.connect(t)
	return h
}

// connect starts a session, after the end of the one before. It must end without an error.
func (h *fakeHost) connect(t *testing.T) {
	t.Helper()
	if h.end != nil {
		h.end()
	}
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- node.Serve(context.Background(), far, node.Options{Root: h.root, Run: h.run}) }()
	client := node.NewClient(near)
	h.Client = client
	h.end = sync.OnceFunc(func() {
		_ = client.Close()
		if err := <-served; err != nil {
			t.Errorf("%s: %v", h.Host.Name, err)
		}
	})
	t.Cleanup(h.end)
}

// run answers systemctl show, and nothing else.
func (h *fakeHost) run(_ context.Context, argv ...string) ([]byte, error) {
	if h.answers != nil {
		return h.answers(argv)
	}
	if len(argv) < 6 || argv[0] != "systemctl" || argv[1] != "show" || argv[4] != "--" {
		return nil, fmt.Errorf("unexpected program: %q", argv)
	}
	var blocks []string
	for _, name := range argv[5:] {
		active, sub, pid := "inactive", "dead", 0
		if h.runs[name] {
			active, sub, pid = "active", "running", 1
		}
		blocks = append(blocks, fmt.Sprintf("LoadState=loaded\nActiveState=%s\nSubState=%s\nMainPID=%d\nUnitFileState=enabled\n", active, sub, pid))
	}
	return []byte(strings.Join(blocks, "\n")), nil
}

// file is a file that whoever runs the test may make.
func file(path, content string) resource.File {
	return resource.File{Path: path, Content: []byte(content), Owner: fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())}
}

func (h *fakeHost) read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.root, path))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// runOf is a run over hosts m1, m2 and so on, whose components want what the function says.
func runOf(t *testing.T, wanted func(component, host string) []resource.Resource, hosts []*fakeHost, components ...component.Component) *Run {
	t.Helper()
	r := &Run{Plan: fixture.PlanOf(len(hosts), components...), Fleet: fleet.Fleet{}}
	r.Cluster = r.Plan.Steps[0].Target.Cluster
	for _, h := range hosts {
		r.Fleet[h.Host.Name] = h.Machine
	}
	for i := range r.Plan.Steps {
		s := &r.Plan.Steps[i]
		s.Wanted = wanted(s.Component.Name, s.About())
	}
	r.look(t)
	return r
}

// look observes the plan.
func (r *Run) look(t *testing.T) {
	t.Helper()
	if err := observe(t.Context(), &r.Plan, r.Fleet); err != nil {
		t.Fatal(err)
	}
}
