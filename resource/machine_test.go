package resource_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// machine is a System below a temporary directory. A program is run only if the test has allowed
// it, or has put a fake in its place; anything else fails the test.
type machine struct {
	*host.System
	Root  string // of the System, as a text
	t     *testing.T
	mu    sync.Mutex
	fakes map[string]func(argv []string) (string, error)
	real  []string
	blobs map[string]string // sha256 to content
	ran   []string          // what was run, a line each

	systemd *systemd // nil without the fake
	kube    *fakeAPI
	atBoot  []func() // what starts again after the power was cut
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, fakes: map[string]func([]string) (string, error){}, blobs: map[string]string{}}
	m.Root = t.TempDir()
	m.System = host.NewSystem(m.Root, m.run, m.blob, func(line string) { t.Log(line) })
	t.Cleanup(m.Close)
	m.put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	m.put("/etc/group", "root:x:0:\n")
	return m
}

func (m *machine) run(ctx context.Context, argv ...string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ran = append(m.ran, strings.Join(argv, " "))
	if fake := m.fakes[argv[0]]; fake != nil {
		out, err := fake(argv)
		return []byte(out), err
	}
	if !slices.Contains(m.real, argv[0]) {
		m.t.Errorf("unexpected program: %q", argv)
		return nil, errors.New("unexpected program")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%q: %w: %s", argv, err, stderr.String())
	}
	return out, err
}

// ranCount is how many commands began with a text.
func (m *machine) ranCount(prefix string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, line := range m.ran {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func (m *machine) unexpected(argv []string) (string, error) {
	m.t.Errorf("unexpected arguments: %q", argv)
	return "", errors.New("unexpected arguments")
}

type testBlob struct {
	*os.File
	path string
}

func (b testBlob) Path() string { return b.path }

// blob puts a content on the machine, as the control machine would.
func (m *machine) blob(_ context.Context, sha string) (host.Blob, error) {
	content, ok := m.blobs[sha]
	if !ok {
		return nil, errors.New("no such content")
	}
	path := m.Path("/var/lib/blobs/" + sha)
	m.put("/var/lib/blobs/"+sha, content)
	f, err := os.Open(path)
	return testBlob{f, path}, err
}

// has makes a content available as a blob and returns its sum.
func (m *machine) has(content string) string {
	sha := resource.Sum([]byte(content))
	m.blobs[sha] = content
	return sha
}

// put writes a file of the machine.
func (m *machine) put(name, content string) {
	m.t.Helper()
	m.must(os.MkdirAll(filepath.Dir(m.Path(name)), 0o755))
	m.must(os.WriteFile(m.Path(name), []byte(content), 0o644))
}

// get reads a file of the machine.
func (m *machine) get(name string) string {
	m.t.Helper()
	data, err := os.ReadFile(m.Path(name))
	m.must(err)
	return string(data)
}

// sees lets the machine see a directory of the machine that the test runs on, such as /proc.
func (m *machine) sees(name string) {
	m.t.Helper()
	m.must(os.MkdirAll(filepath.Dir(m.Path(name)), 0o755))
	m.must(os.Symlink(name, m.Path(name)))
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) observe(r resource.Resource) resource.Resource {
	m.t.Helper()
	found, err := r.Observe(m.t.Context(), m.System)
	m.must(err)
	if found.ID() != r.ID() {
		m.t.Errorf("observing %q finds %q", r.ID(), found.ID())
	}
	return found
}

func (m *machine) apply(r resource.Resource) {
	m.t.Helper()
	m.must(r.Apply(m.t.Context(), m.System))
}

// snapshot is all that lies on the machine, but for the tool's own notes.
func (m *machine) snapshot() string {
	m.t.Helper()
	var b strings.Builder
	m.must(filepath.WalkDir(m.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == m.Path(host.StateDir) {
			return fs.SkipDir
		}
		mark := m.Path(host.UnflushedMark)
		if path == mark || path == m.Path("/run") || path == filepath.Dir(mark) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content := ""
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = resource.Sum(data)
		case info.Mode().Type() == fs.ModeSymlink:
			if content, err = os.Readlink(path); err != nil {
				return err
			}
		}
		fmt.Fprintln(&b, strings.TrimPrefix(path, m.Root), info.Mode(), content)
		return nil
	}))
	return b.String()
}

// boots gives the machine another boot_id, where /proc is not that of the machine that the test
// runs on.
func (m *machine) boots(id string) {
	if info, err := os.Lstat(m.Path("/proc")); err != nil || info.IsDir() {
		m.put("/proc/sys/kernel/random/boot_id", id+"\n")
	}
}

// boot starts the machine after its power was cut: its processes are gone, and what is enabled is
// started.
func (m *machine) boot() {
	m.boots("second")
	m.must(os.MkdirAll(m.Path("/run"), 0o755))
	for _, start := range m.atBoot {
		start()
	}
	if m.systemd != nil {
		m.systemd.boot()
	}
}

// eventually waits for what another process does.
func (m *machine) eventually(done func() bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 5*time.Minute)
	defer cancel()
	m.must(host.Poll(ctx, 5*time.Millisecond, func() (bool, error) { return done(), nil }))
}

// plain is a text without what differs from run to run: the machine's root, and the numbers of
// processes.
func (m *machine) plain(text string) string {
	return processNumber.ReplaceAllString(strings.ReplaceAll(text, m.Root, "ROOT"), "PID ROOT")
}

var processNumber = regexp.MustCompile(`(?m)^\d+ ROOT`)
