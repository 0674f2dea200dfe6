package resource_test

import (
	"os"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// TestFileKeepsRunningProgram checks that a file is replaced and not written over: who runs the old
// one keeps it.
func TestFileKeepsRunningProgram(t *testing.T) {
	m := newMachine(t)
	m.put("/opt/bin/etcd", "old")
	running, err := os.Open(m.Path("/opt/bin/etcd"))
	m.must(err)
	defer running.Close()
	m.apply(resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: m.has("new")})
	was := make([]byte, 16)
	n, err := running.Read(was)
	m.must(err)
	if got := string(was[:n]); got != "old" {
		t.Errorf("the running program is now %q", got)
	}
	if got := m.get("/opt/bin/etcd"); got != "new" {
		t.Errorf("the file is %q", got)
	}
}

// TestFileClearsItsOwnTemps checks what a run that was cut off has left, and that files which are
// just being written next to it are let alone.
func TestFileClearsItsOwnTemps(t *testing.T) {
	m := newMachine(t)
	m.put("/etc/.a.conf.kbootstrap-123", "half")
	m.put("/etc/.b.conf.kbootstrap-123", "of another")
	m.apply(resource.File{Path: "/etc/a.conf", Content: []byte("x\n")})
	if m.Exists("/etc/.a.conf.kbootstrap-123") {
		t.Error("the temporary file is still there")
	}
	if !m.Exists("/etc/.b.conf.kbootstrap-123") {
		t.Error("another file's temporary file is gone")
	}
	if strings.Contains(m.snapshot(), ".a.conf") {
		t.Errorf("something is left:\n%s", m.snapshot())
	}
}

// TestFileRefusesWrongContent checks that a content with another sum never becomes the file.
func TestFileRefusesWrongContent(t *testing.T) {
	m := newMachine(t)
	sha := resource.Sum([]byte("right"))
	m.put(host.OldBlob(sha), "wrong")
	m.put("/opt/bin/etcd", "old")
	before := m.snapshot()
	err := resource.File{Path: "/opt/bin/etcd", Blob: sha}.Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), sha) {
		t.Errorf("error is %v", err)
	}
	if m.snapshot() != before {
		t.Errorf("the machine has changed:\n%s", m.snapshot())
	}
}

func TestFileRefusesOtherThings(t *testing.T) {
	m := newMachine(t)
	m.must(os.MkdirAll(m.Path("/etc/a.conf"), 0o755))
	if found, err := (resource.File{Path: "/etc/a.conf"}).Observe(t.Context(), m.System); err == nil {
		t.Errorf("a directory is found as %+v", found)
	}
	err := resource.File{Path: "/etc/b", Owner: "stranger:else"}.Apply(t.Context(), m.System)
	if err == nil || m.Exists("/etc/b") {
		t.Errorf("an unknown owner: %v", err)
	}
}

func TestOwnerIsTheMachinesOwn(t *testing.T) {
	m := newMachine(t)
	m.put("/etc/passwd", "admin:x:0:0::/:/bin/sh\n")
	m.put("/etc/group", "staff:x:0:\n")
	m.put("/etc/a", "x\n")
	owners := map[string]string{"": "root:root", "admin:staff": "admin:staff", "admin:0": "admin:0", "7": "admin:staff"}
	for wanted, shown := range owners {
		got := m.observe(resource.File{Path: "/etc/a", Owner: wanted}).State()
		if !strings.Contains(got, "owner "+shown+"\n") {
			t.Errorf("who wants %q finds\n%s", wanted, got)
		}
	}
}

// TestSums checks when a sum is believed without reading the file: a wrong one in the cache tells
// the two apart.
func TestSums(t *testing.T) {
	m := newMachine(t)
	m.put("/proc/sys/kernel/random/boot_id", "boot-1\n")
	path := m.Path("/opt/big")
	m.apply(resource.File{Path: "/opt/big", Blob: m.has("content")})
	truth := resource.Sum([]byte("content"))
	lie := func() { // makes the cache of a new process tell a lie
		cache := m.get(host.StateDir + "/sums.json")
		if !strings.Contains(cache, truth) {
			t.Fatalf("the sum is not remembered: %s", cache)
		}
		m.put(host.StateDir+"/sums.json", strings.ReplaceAll(cache, truth, "a lie"))
	}
	ask := func() string {
		sys := host.NewSystem(m.Root, m.run, nil, nil)
		got, err := sys.FileSums().Of(path)
		m.must(err)
		return got
	}
	lie()
	if got := ask(); got != "a lie" {
		t.Errorf("an unchanged file is read: %s", got)
	}
	m.put("/proc/sys/kernel/random/boot_id", "boot-2\n")
	if got := ask(); got != truth {
		t.Errorf("after a boot the sum is %s", got)
	}
	m.put("/proc/sys/kernel/random/boot_id", "boot-1\n")
	if got := ask(); got != "a lie" && got != truth {
		t.Errorf("the sum is %s", got)
	}
	for name, change := range map[string]func(){
		"times":   func() { m.must(os.Chmod(path, 0o600)) },
		"content": func() { m.put("/opt/big", "CONTENT") },
	} {
		change()
		if got, want := ask(), resource.Sum([]byte(m.get("/opt/big"))); got != want {
			t.Errorf("%s have changed, and the sum is %s, not %s", name, got, want)
		}
	}
	m.put("/proc/sys/kernel/random/boot_id", "")
	if got := ask(); got != resource.Sum([]byte("CONTENT")) {
		t.Errorf("without a boot_id the sum is %s", got)
	}
	m.put(host.StateDir+"/sums.json", `{"cut off`)
	if got := ask(); got != resource.Sum([]byte("CONTENT")) {
		t.Errorf("with a broken cache the sum is %s", got)
	}
}
