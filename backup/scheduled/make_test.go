package scheduled_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kbootstrap/backup"
	"kbootstrap/backup/scheduled"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource"
)

// member is a host with a member of etcd, whose answers a test chooses.
type member struct {
	sys    *host.System
	config scheduled.Config
	key    *age.X25519Identity
	now    time.Time

	status  string // the answer about the member itself
	broken  bool   // the snapshot is cut off
	written []byte // the last snapshot
}

const wellStatus = `{"dbSize": "20480", "leader": "81"}`

// newMember is a healthy member. Sockets need short paths.
func newMember(t *testing.T) *member {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	m := &member{key: key, status: wellStatus, now: time.Date(2026, 11, 29, 2, 30, 0, 0, time.UTC)}
	m.sys = host.NewSystem(root, m.run, nil, nil)
	t.Cleanup(m.sys.Close)
	short, err := os.MkdirTemp("", "etcd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	m.config = scheduled.Config{
		Cluster: "demo", Host: "m1", Kubernetes: "v1.36.3", Versions: map[string]string{"etcd": "3.6.14"}, Members: 3,
		Fingerprints: map[string]string{"ca.crt": "ab"}, Keep: 2, Dir: "/srv/backups/demo/m1",
		Etcd: resource.EtcdAccess{Endpoints: []string{"http://etcd"}, Socket: filepath.Join(short, "s")},
	}
	if err := os.MkdirAll(m.sys.Path(m.config.Dir), 0o700); err != nil {
		t.Fatal(err)
	}
	m.serve(t)
	return m
}

// serve answers as the gateway of etcd does.
func (m *member) serve(t *testing.T) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", m.config.Etcd.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/status") {
			fmt.Fprint(w, m.status)
			return
		}
		fmt.Fprint(w, `{"header": {"revision": "42"}, "count": "7"}`)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// run stands for the programs of etcd.
func (m *member) run(_ context.Context, argv ...string) ([]byte, error) {
	switch argv[0] {
	case "etcdctl":
		database := bytes.Repeat([]byte("etcd"), 1024)
		sum := sha256.Sum256(database)
		m.written = append(database, sum[:]...)
		if m.broken {
			m.written = m.written[:len(m.written)-1]
		}
		return nil, os.WriteFile(argv[len(argv)-1], m.written, 0o600)
	case "etcdutl":
		return []byte(`{"hash": 5, "revision": 42}`), nil
	}
	return nil, fmt.Errorf("there is no %s", argv[0])
}

// make makes a set an hour after the one before.
func (m *member) make(t *testing.T) (host.BackupSet, error) {
	t.Helper()
	m.now = m.now.Add(time.Hour)
	return scheduled.Make(t.Context(), m.sys, m.config, []age.Recipient{m.key.Recipient()},
		scheduled.Made{Version: "v1.0.0", Now: m.now})
}

// files are what lies in the directory of the sets, but for what is always there.
func (m *member) files(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(m.sys.Path(m.config.Dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != ".lock" && e.Name() != ".work" {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestMake: a set is what the recipients read again, and the oldest goes when there are too many.
func TestMake(t *testing.T) {
	m := newMember(t)
	var sets []host.BackupSet
	for range 3 {
		set, err := m.make(t)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, set)
	}
	found, err := m.sys.Backups(m.config.Dir, scheduled.ConfigPath)
	if err != nil || !slices.Equal(found.Sets, []host.BackupSet{sets[2], sets[1]}) || found.Failure != nil {
		t.Errorf("the host has %+v, %v", found, err)
	}
	if files := m.files(t); len(files) != 4 {
		t.Errorf("the directory has %q", files)
	}
	path := filepath.Join(m.sys.Path(m.config.Dir), sets[2].Name)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the set has mode %v, %v", info.Mode(), err)
	}
	var snapshot bytes.Buffer
	set, err := backup.Read(path, []age.Identity{m.key}, &snapshot)
	if err != nil || !bytes.Equal(snapshot.Bytes(), m.written) {
		t.Fatalf("the set has another snapshot: %v", err)
	}
	got := set.Manifest
	if got.Part != backup.HostPart || got.Etcd.Revision != 42 || got.Etcd.Keys != 7 || got.Etcd.Host != "m1" ||
		got.Fingerprints["ca.crt"] != "ab" || got.Cluster != "demo" || !got.Created.Equal(m.now) {
		t.Errorf("the manifest is %+v", got)
	}
	if _, err := backup.Read(path, nil, &snapshot); fault.Of(err) != fault.BackupNotOpened {
		t.Errorf("the set is open to all: %v", err)
	}
}

// TestNotMade: what would make a bad set, or fill the disk, makes none, says why, and leaves those
// that are there. The next success takes the word back.
func TestNotMade(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*member)
		code   fault.Code
		text   string
	}{
		"no leader": {func(m *member) {
			m.status = `{"dbSize": "20480", "leader": "0"}`
		}, fault.NoSnapshot, "no leader"},
		"damaged": {func(m *member) {
			m.status = `{"dbSize": "20480", "leader": "81", "errors": ["memberID:81 alarm:CORRUPT "]}`
		}, fault.NoSnapshot, "CORRUPT"},
		"no room": {func(m *member) {
			m.status = `{"dbSize": "1125899906842624", "leader": "81"}`
		}, fault.BackupDiskFull, "stay free"},
		"no answer":   {func(m *member) { m.status = `no JSON` }, fault.NoSnapshot, "ask the member"},
		"a cut":       {func(m *member) { m.broken = true }, fault.NoSnapshot, "not whole"},
		"no snapshot": {func(m *member) { m.sys.Run = nothing }, fault.NoSnapshot, "no program"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMember(t)
			if _, err := m.make(t); err != nil {
				t.Fatal(err)
			}
			before := m.files(t)
			c.change(m)
			if _, err := m.make(t); fault.Of(err) != c.code || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %s with %q", err, c.code, c.text)
			}
			if files := m.files(t); !slices.Equal(files, append(before, host.BackupFailureName)) {
				t.Errorf("the directory has %q", files)
			}
			found, err := m.sys.Backups(m.config.Dir, scheduled.ConfigPath)
			if err != nil || len(found.Sets) != 1 || found.Failure == nil ||
				!strings.Contains(found.Failure.Text, c.text) {
				t.Errorf("the host tells %+v, %v", found, err)
			}
			m.status, m.broken, m.sys.Run = wellStatus, false, m.run
			if _, err := m.make(t); err != nil {
				t.Error(err)
			}
			if found, err := m.sys.Backups(m.config.Dir, scheduled.ConfigPath); err != nil || found.Failure != nil {
				t.Errorf("a failure of before is still told: %+v, %v", found, err)
			}
		})
	}
}

func nothing(context.Context, ...string) ([]byte, error) { return nil, fmt.Errorf("no program") }

// TestHalfDone: what a run that was killed has left counts for nothing, and the next run removes
// it.
func TestHalfDone(t *testing.T) {
	m := newMember(t)
	set, err := m.make(t)
	if err != nil {
		t.Fatal(err)
	}
	dir := m.sys.Path(m.config.Dir)
	whole := m.files(t)
	for _, name := range []string{
		".demo-m1-x.kbackup-123", "demo-m1-norecord.kbackup", "demo-m1-noset.kbackup.json", ".work/snapshot-1",
		".work/snapshot-1.part",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := m.sys.Backups(m.config.Dir, scheduled.ConfigPath); err != nil || len(found.Sets) != 1 ||
		found.Sets[0] != set {
		t.Errorf("half-done sets count: %+v, %v", found, err)
	}
	next, err := m.make(t)
	if err != nil {
		t.Fatal(err)
	}
	if files := m.files(t); !slices.Equal(files, append(whole, next.Name, next.Name+host.BackupRecordSuffix)) {
		t.Errorf("the directory has %q", files)
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".work")); err != nil || len(left) > 0 {
		t.Errorf("snapshots are left: %v, %v", left, err)
	}
	// A set that was cut off has another size than its record says.
	if err := os.Truncate(filepath.Join(dir, next.Name), next.Size-1); err != nil {
		t.Fatal(err)
	}
	if found, err := m.sys.Backups(m.config.Dir, scheduled.ConfigPath); err != nil || len(found.Sets) != 1 {
		t.Errorf("a set that was cut off counts: %+v, %v", found, err)
	}
}

// TestConfig: what a host is told is read again, and has no word of a private key.
func TestConfig(t *testing.T) {
	m := newMember(t)
	if _, err := scheduled.Load(m.sys); err == nil || !strings.Contains(err.Error(), "was not told") {
		t.Errorf("without a config: %v", err)
	}
	path := m.sys.Path(scheduled.ConfigPath)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, m.config.Text(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := scheduled.Load(m.sys)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(m.config)
	if text, _ := json.Marshal(got); !bytes.Equal(text, want) {
		t.Errorf("got %s, want %s", text, want)
	}
}
