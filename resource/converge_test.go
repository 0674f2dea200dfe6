package resource_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
	"kbootstrap/resource/kinds"
)

// component is what one component of a plan asks for.
func component(m *machine) []resource.Resource {
	return []resource.Resource{
		resource.Dir{Path: "/etc/etcd", Mode: 0o700},
		resource.File{Path: "/opt/etcd/etcd", Mode: 0o755, Blob: m.has("program")},
		resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/etcd"},
		resource.File{Path: "/etc/etcd/key.pem", Mode: 0o600, Content: []byte("s3cret"), Secret: true},
		resource.File{Path: "/etc/systemd/system/etcd.service", Content: []byte("[Service]\n")},
		resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "f00d"},
		resource.Service{Name: "firewalld.service"},
	}
}

func ids(changes []resource.Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, c.ID)
	}
	return list
}

func (m *machine) converge(wanted []resource.Resource) []string {
	m.t.Helper()
	var changes []resource.Change
	m.must(converge.Converge(m.t.Context(), m.System, wanted, func(c resource.Change) { changes = append(changes, c) }))
	return ids(changes)
}

func TestConvergeAndRestore(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	m.put("/etc/systemd/system/firewalld.service", "[Service]\n")
	m.must(s.start("firewalld.service"))
	_, err := s.run([]string{"systemctl", "--root=" + m.Root, "enable", "firewalld.service"})
	m.must(err)
	_, err = s.run([]string{"systemctl", "daemon-reload"})
	m.must(err)
	big := strings.Repeat("theirs", resource.ContentLimit)
	m.put("/usr/local/bin/etcd", big)
	before := m.snapshot()
	wanted := component(m)
	s.reloads = 0

	last := len(wanted) - 1 // to forget that a running unit was enabled, systemd has to be told
	if got := m.converge(wanted[:last]); len(got) != last {
		t.Errorf("the first run changes %q", got)
	}
	if s.reloads != 0 {
		t.Errorf("a new unit costs %d reloads of systemd", s.reloads)
	}
	if got := m.converge(wanted); !slices.Equal(got, []string{"service firewalld.service"}) {
		t.Errorf("turning off changes %q", got)
	}
	m.ran = nil
	if got := m.converge(wanted); len(got) != 0 {
		t.Errorf("the second run changes %q", got)
	}
	if len(m.ran) != 1 {
		t.Errorf("a run without changes starts %q", m.ran)
	}

	// The second version of the configuration is not how things were before.
	wanted[5] = resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "beef"}
	wanted[3] = resource.File{Path: "/etc/etcd/key.pem", Mode: 0o600, Content: []byte("s3cret!"), Secret: true}
	if got := m.converge(wanted); !slices.Equal(got, []string{"file /etc/etcd/key.pem", "service etcd.service"}) {
		t.Errorf("a new configuration changes %q", got)
	}
	if info, err := os.Stat(m.Path(host.BeforeDir)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("records lie in %v: %v", info, err)
	}

	var changes []resource.Change
	m.must(kinds.Restore(t.Context(), m.System, nil, func(c resource.Change) { changes = append(changes, c) }))
	want := []string{
		"service etcd.service", "file /etc/systemd/system/etcd.service",
		"file /etc/etcd/key.pem", "file /opt/etcd/etcd",
		"dir /etc/etcd", "link /usr/local/bin/etcd", "service firewalld.service",
	}
	if got := ids(changes); !slices.Equal(got, want) {
		t.Errorf("restored in the order\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if m.get("/usr/local/bin/etcd") != big {
		t.Error("the machine's own program is not what it was")
	}
	for line := range strings.Lines(before) {
		if !strings.Contains(m.snapshot(), line) && !strings.HasPrefix(line, "/proc/") {
			t.Errorf("not as before: %s", line)
		}
	}
	if _, err := os.Stat(m.Path(host.BeforeDir)); !host.Absent(err) {
		t.Errorf("records are left: %v", err)
	}
}

func TestRestoreSkipsAndGoesOn(t *testing.T) {
	m := newMachine(t)
	m.converge([]resource.Resource{
		resource.File{Path: "/etc/a", Content: []byte("x\n")}, resource.File{Path: "/etc/b", Content: []byte("x\n")},
		resource.File{Path: "/etc/c", Content: []byte("x\n")},
	})
	m.must(os.Remove(m.Path("/etc/b")))
	m.must(os.Mkdir(m.Path("/etc/b"), 0o755)) // so that it cannot be read as a file
	skipC := func(r resource.Resource) bool { return r.ID() == "file /etc/c" }
	err := kinds.Restore(t.Context(), m.System, skipC, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "file /etc/b: ") {
		t.Errorf("error is %v", err)
	}
	if m.Exists("/etc/a") || !m.Exists("/etc/c") {
		t.Errorf("the machine is\n%s", m.snapshot())
	}
	m.must(os.Remove(m.Path("/etc/b")))
	m.must(kinds.Restore(t.Context(), m.System, nil, nil))
	if m.Exists("/etc/c") || m.Exists(host.BeforeDir) {
		t.Errorf("the machine is\n%s", m.snapshot())
	}
}

// liar is a resource that nothing changes.
type liar struct{ resource.File }

func (liar) Apply(context.Context, *host.System) error { return nil }

func TestConvergeVerifies(t *testing.T) {
	m := newMachine(t)
	lie := liar{resource.File{Path: "/etc/a", Content: []byte("x\n")}}
	after := resource.File{Path: "/etc/b", Content: []byte("y\n")}
	err := converge.Converge(t.Context(), m.System, []resource.Resource{lie, after}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "file /etc/a: verify: ") ||
		!strings.Contains(err.Error(), "+| x\n") {
		t.Errorf("error is %v", err)
	}
	if m.Exists("/etc/b") {
		t.Error("it goes on after an error")
	}
}

func TestConvergeStopsWhenTold(t *testing.T) {
	m := newMachine(t)
	ctx, cancel := context.WithCancel(t.Context())
	wanted := []resource.Resource{
		resource.File{Path: "/etc/a", Content: []byte("x\n")},
		resource.File{Path: "/etc/b", Content: []byte("y\n")},
	}
	err := converge.Converge(ctx, m.System, wanted, func(resource.Change) { cancel() })
	if !errors.Is(err, context.Canceled) || !m.Exists("/etc/a") || m.Exists("/etc/b") {
		t.Errorf("error is %v, and the machine is\n%s", err, m.snapshot())
	}
}

// TestObserveTogether checks that a plan costs one systemctl and one ctr, and that every problem is
// told.
func TestObserveTogether(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	newCtr(m, "/bin/ctr", "/run/c.sock")
	m.executable("/bin/ctr")
	m.put("/run/c.sock", "")
	m.must(os.MkdirAll(m.Path("/etc/dir1"), 0o755))
	m.must(os.MkdirAll(m.Path("/etc/dir2"), 0o755))
	image := func(ref string) resource.Image {
		return resource.Image{Ref: ref, Socket: "/run/c.sock", Program: "/bin/ctr"}
	}
	found, err := converge.Observe(t.Context(), m.System, []resource.Resource{
		resource.Service{Name: "a.service"}, image("registry.k8s.io/pause:3.1"),
		resource.File{Path: "/etc/dir1"}, resource.Service{Name: "b.service"},
		image("b"), resource.File{Path: "/etc/dir2"}, resource.Dir{Path: "/etc/dir1"},
	})
	if err == nil || !strings.Contains(err.Error(), "file /etc/dir1: ") ||
		!strings.Contains(err.Error(), "file /etc/dir2: ") {
		t.Errorf("error is %v", err)
	}
	if len(m.ran) != 2 {
		t.Errorf("it starts %q", m.ran)
	}
	ids := map[int]string{0: "service a.service", 3: "service b.service", 4: "image b", 6: "dir /etc/dir1"}
	for i, id := range ids {
		if found[i].ID() != id {
			t.Errorf("found %d is %s, not %s", i, found[i].ID(), id)
		}
	}
	if found[1].State() == "" || found[4].State() != "" {
		t.Errorf("images are %q and %q", found[1].State(), found[4].State())
	}
}

func TestDiff(t *testing.T) {
	text := func(lines ...string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }
	found := resource.File{Path: "/etc/a", Content: text("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")}
	wanted := resource.File{
		Path:    "/etc/a",
		Mode:    0o600,
		Content: text("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "eleven", "12", "13"),
	}
	const want = `-mode 0644
+mode 0600
 owner root:root
 | 1
 | 2
...
 | 8
 | 9
 | 10
-| 11
+| eleven
 | 12
+| 13
`
	if got := resource.Diff(found, wanted); got != want {
		t.Errorf("diff is\n%s\nwant\n%s", got, want)
	}
	got := resource.Diff(resource.File{Absent: true}, resource.File{Content: []byte("x\n")})
	if got != "+mode 0644\n+owner root:root\n+| x\n" {
		t.Errorf("diff of a new file is\n%s", got)
	}
	if got := resource.Diff(found, found); got != "" || resource.Changed(found, found) {
		t.Errorf("diff of the same is %q", got)
	}
}
