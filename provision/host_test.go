package provision

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/resource"
)

// fakeHost is a host whose node runs in this process: its files are in a directory, and its
// services are those that the test says run.
type fakeHost struct {
	root string
	*fleet.Machine
	runs map[string]bool
	// answers, when it is not nil, answers all programs instead.
	answers func(argv []string) ([]byte, error)
	report  func(fleet.Event) // is told what becomes of sessions, when it is not nil
	end     func()            // of the session
}

// newHost starts a node. It must end without an error when the test does.
func newHost(t *testing.T, name string, running ...string) *fakeHost {
	t.Helper()
	h := &fakeHost{root: t.TempDir(), runs: map[string]bool{}, Machine: &fleet.Machine{}}
	for _, unit := range running {
		h.runs[unit] = true
	}
	h.Host.Name = name
	h.connect(t)
	return h
}

// memory is a stream in memory.
type memory struct{ net.Conn }

func (memory) Cause(noticed error) error { return noticed }

// connect starts a session, after the end of the one before. It must end without an error, and is
// not replaced when it is lost.
func (h *fakeHost) connect(t *testing.T) {
	t.Helper()
	if h.end != nil {
		h.end()
	}
	used := false
	var served sync.WaitGroup
	h.open(t, false, func(context.Context) (node.Stream, error) {
		if used {
			return nil, errors.New("this host has one session only")
		}
		used = true
		near, far := net.Pipe()
		h.serve(t, far, &served)
		return memory{near}, nil
	})
	client := h.Client
	h.end = sync.OnceFunc(func() {
		_ = client.Close()
		served.Wait()
	})
	t.Cleanup(h.end)
}

// serve runs a node until its stream ends.
func (h *fakeHost) serve(t *testing.T, far net.Conn, served *sync.WaitGroup) {
	served.Go(func() {
		if err := node.Serve(context.Background(), far, node.Options{Root: h.root, Run: h.run}); err != nil {
			t.Errorf("%s: %v", h.Host.Name, err)
		}
	})
}

// open connects to the host.
func (h *fakeHost) open(t *testing.T, lock bool, dial func(context.Context) (node.Stream, error)) {
	t.Helper()
	options := fleet.Options{
		Dial: func(ctx context.Context, _ inventory.Host) (node.Stream, error) { return dial(ctx) },
		Report: func(e fleet.Event) {
			if h.report != nil {
				h.report(e)
			}
		},
	}
	f, err := fleet.Connect(t.Context(), []inventory.Host{h.Host}, options, lock)
	if err != nil {
		t.Fatal(err)
	}
	h.Machine = f[h.Host.Name]
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
		block := "LoadState=loaded\nActiveState=%s\nSubState=%s\nMainPID=%d\nUnitFileState=enabled\n"
		blocks = append(blocks, fmt.Sprintf(block, active, sub, pid))
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
func runOf(
	t *testing.T, wanted func(component, host string) []resource.Resource, hosts []*fakeHost,
	components ...component.Component,
) *Run {
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
	if _, err := r.Fleet.Observe(t.Context(), r.Plan.Hosts(), &r.Plan, nil); err != nil {
		t.Fatal(err)
	}
}

// asks gives the host an administrator's kubeconfig for a server that stands for the API.
func (h *fakeHost) asks(t *testing.T, server *httptest.Server) {
	t.Helper()
	for path, text := range map[string]string{
		"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		component.Admin: "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n" +
			"clusters: [{name: c, cluster: {server: \"" + server.URL + "\", certificate-authority: /ca.crt}}]\n",
	} {
		at := filepath.Join(h.root, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
