package resource_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// snapshotText is a snapshot as etcd writes it: whole pages, and their sum.
func snapshotText() string {
	pages := strings.Repeat("x", 1024)
	sum := sha256.Sum256([]byte(pages))
	return pages + string(sum[:])
}

// newEtcdctl gives the machine a member of etcd, and the programs that save it and read it again.
func newEtcdctl(m *machine) *fakeEtcd {
	m.fakes["etcdctl"] = func(argv []string) (string, error) {
		return "", os.WriteFile(argv[len(argv)-1], []byte(snapshotText()), 0o600)
	}
	m.fakes["etcdutl"] = func([]string) (string, error) { return `{"hash":7,"revision":42}`, nil }
	return newEtcd(m)
}

func keptSnapshot() resource.KeptSnapshot {
	return resource.KeptSnapshot{
		Dir: "/var/lib/snapshots", Before: "v1.36.3", Keep: 3, After: time.Now().Add(-time.Hour),
		Access: resource.EtcdAccess{Endpoints: []string{"http://" + etcdAt}},
	}
}

// aged puts a snapshot there that was taken so many hours ago.
func (m *machine) aged(name string, hours int) {
	m.put(keptSnapshot().Dir+"/"+name, name)
	then := time.Now().Add(-time.Duration(hours) * time.Hour)
	m.must(os.Chtimes(m.Path(keptSnapshot().Dir+"/"+name), then, then))
}

func keptSnapshotLaws() []law {
	return []law{
		{name: "new", start: func(m *machine) { newEtcdctl(m) }, wanted: keptSnapshot(), stays: true},
		{
			name: "of other versions", wanted: keptSnapshot(), stays: true, before: "2 too many\n",
			start: func(m *machine) {
				newEtcdctl(m)
				for i, name := range []string{"before-v1.33.13.1.db", "before-v1.34.4.1.db", "before-v1.34.4.2.db",
					"before-v1.35.4.1.db", "before-v1.35.4.2.db"} {
					m.aged(name, 90-i)
				}
			},
		},
		{
			name: "too old", wanted: keptSnapshot(), stays: true, before: "too old\n",
			start: func(m *machine) {
				newEtcdctl(m)
				m.aged("before-v1.36.3.1.db", 4)
				m.aged("before-v1.36.3.2.db", 3)
				m.aged("of an operator.db", 99)
			},
		},
	}
}

func steadyLaws() []law {
	return []law{{
		name: "young", stays: true, wanted: resource.Steady{Unit: "kubelet.service", For: 50 * time.Millisecond},
		start: func(m *machine) {
			m.put("/etc/systemd/system/kubelet.service", "[Service]\n")
			s := newSystemd(m)
			m.put("/etc/systemd/system/multi-user.target.wants/kubelet.service", "")
			m.must(s.start("kubelet.service"))
			m.ages(s, "kubelet.service")
		},
	}}
}

const heldLease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler"

// longAgo is before any process of a test was started.
var longAgo = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func freeLease() api.Lease {
	return api.Lease{Name: "kube-scheduler", Unit: "kube-scheduler.service", Kubeconfig: "/etc/kubernetes/admin.conf"}
}

// newLease gives the machine, whose name is m1, a scheduler that was started a second ago, and an
// API with a lease that was renewed then.
func newLease(m *machine, holder string, renewed time.Time) *fakeAPI {
	k := newKube(m)
	k.objects[heldLease] = map[string]any{
		"metadata": map[string]any{"name": "kube-scheduler", "resourceVersion": "7"},
		"spec": map[string]any{
			"holderIdentity": holder, "leaseDurationSeconds": 15,
			"renewTime": renewed.Format(time.RFC3339Nano),
		},
	}
	m.put("/proc/sys/kernel/hostname", "m1\n")
	m.put("/proc/uptime", "9.00 0\n")
	m.put("/etc/systemd/system/kube-scheduler.service", "[Service]\n")
	m.put("/etc/systemd/system/multi-user.target.wants/kube-scheduler.service", "")
	s := newSystemd(m)
	m.must(s.start("kube-scheduler.service"))
	stat := fmt.Sprintf("/proc/%d/stat", s.units["kube-scheduler.service"].pid)
	m.put(stat, "0 (x) S"+strings.Repeat(" 0", 18)+" 800")
	return k
}

func leaseLaws() []law {
	return []law{{
		name: "of one that has ended", stays: true, wanted: freeLease(), before: "held by a process that has ended\n",
		start: func(m *machine) { newLease(m, "m1_7f", longAgo) },
	}}
}

// TestLeaseOfOthers: no lease is given up that a process may hold which runs, and none that is
// taken meanwhile.
func TestLeaseOfOthers(t *testing.T) {
	for name, start := range map[string]func(m *machine) *fakeAPI{
		"the process that runs": func(m *machine) *fakeAPI { return newLease(m, "m1_7f", time.Now()) },
		"another host":          func(m *machine) *fakeAPI { return newLease(m, "m10_7f", longAgo) },
		"no process":            func(m *machine) *fakeAPI { return newLease(m, "", longAgo) },
		"none there": func(m *machine) *fakeAPI {
			k := newLease(m, "m1_7f", longAgo)
			delete(k.objects, heldLease)
			return k
		},
		"the process runs for long": func(m *machine) *fakeAPI {
			k := newLease(m, "m1_7f", longAgo)
			m.put("/proc/uptime", "90.00 0\n")
			return k
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			k := start(m)
			found, err := freeLease().Observe(t.Context(), m.System)
			m.must(err)
			m.must(freeLease().Apply(t.Context(), m.System))
			if found.State() != "" || k.puts != 0 {
				t.Errorf("found %q, and %d leases were written", found.State(), k.puts)
			}
		})
	}
	m := newMachine(t)
	k := newLease(m, "m1_7f", longAgo)
	m.must(freeLease().Apply(t.Context(), m.System))
	spec, _ := k.objects[heldLease]["spec"].(map[string]any)
	if _, held := spec["holderIdentity"]; held || spec["leaseDurationSeconds"] != 1.0 {
		t.Errorf("the lease is %v", k.objects[heldLease])
	}
	k = newLease(m, "m1_7f", longAgo)
	look, err := freeLease().Observe(host.OneLook(t.Context(), nil), m.System)
	if err != nil || look.State() != "" {
		t.Errorf("after a reboot a look finds %q, %v", look.State(), err)
	}
	k.refuse = []int{http.StatusServiceUnavailable, http.StatusInternalServerError}
	m.must(freeLease().Apply(t.Context(), m.System))
	if k.puts != 1 || len(k.refuse) != 0 {
		t.Errorf("of an API that is late: %d leases were written", k.puts)
	}
	k.server.Close()
	if _, err := freeLease().Observe(t.Context(), m.System); err != nil {
		t.Errorf("without an API: %v", err)
	}
}

// ages has the process of a unit that has just been started grow older with each look.
func (m *machine) ages(s *systemd, unit string) {
	m.put("/proc/uptime", "1.01 0\n")
	show := m.fakes["systemctl"]
	looks := 0
	m.fakes["systemctl"] = func(argv []string) (string, error) {
		if pid := s.units[unit].pid; pid != 0 {
			m.put(fmt.Sprintf("/proc/%d/stat", pid), "0 (x) S"+strings.Repeat(" 0", 18)+" 100")
		}
		if looks++; looks == 5 { // those of the laws that look before it is applied come first
			m.put("/proc/uptime", "9.00 0\n")
		}
		return show(argv)
	}
}

// TestSnapshotsKept: the first snapshot before an upgrade stays, and so do the newest ones; what is
// no snapshot of the tool is left alone.
func TestSnapshotsKept(t *testing.T) {
	m := newMachine(t)
	newEtcdctl(m)
	for i, name := range []string{"before-v1.35.4.1.db", "before-v1.36.3.1.db", "before-v1.36.3.2.db",
		"before-v1.36.3.3.db", "before-v1.36.3.4.db", "mine.db"} {
		m.aged(name, 9-i)
	}
	m.apply(keptSnapshot())
	entries, err := os.ReadDir(m.Path(keptSnapshot().Dir))
	m.must(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	const want = "before-v1.36.3.1.db before-v1.36.3.4.db before-v1.36.3.5.db mine.db"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	info, err := os.Stat(m.Path(keptSnapshot().Dir))
	m.must(err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has the mode %v", info.Mode())
	}
	info, err = os.Stat(m.Path(keptSnapshot().Dir + "/before-v1.36.3.5.db"))
	m.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the snapshot has the mode %v", info.Mode())
	}
}

// TestDamagedSnapshot: what is not whole gets no name, and nothing is left of it.
func TestDamagedSnapshot(t *testing.T) {
	m := newMachine(t)
	newEtcdctl(m)
	m.fakes["etcdctl"] = func(argv []string) (string, error) {
		return "", os.WriteFile(argv[len(argv)-1], []byte(strings.Replace(snapshotText(), "x", "y", 1)), 0o600)
	}
	err := keptSnapshot().Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
	left, err := filepath.Glob(m.Path(keptSnapshot().Dir + "/*"))
	hidden, _ := filepath.Glob(m.Path(keptSnapshot().Dir + "/.*"))
	if m.must(err); len(left)+len(hidden) > 0 {
		t.Errorf("left are %q", append(left, hidden...))
	}
}

// TestSteady: a service whose process ends while it is watched has failed, even if systemd has
// started another by then.
func TestSteady(t *testing.T) {
	const unit = "kubelet.service"
	tells := func(s *systemd, state string) { // what the kernel says of the process that systemd names
		s.m.put(fmt.Sprintf("/proc/%d/stat", s.units[unit].pid), "0 (x) "+state+strings.Repeat(" 0", 18)+" 1")
	}
	for name, end := range map[string]func(s *systemd, look int){
		"another process": func(s *systemd, look int) {
			if look == 2 {
				s.m.must(s.start(unit))
				tells(s, "S")
			}
		},
		"no process": func(s *systemd, look int) {
			if look == 2 {
				s.end(unit)
			}
		},
		"a process that systemd still names": func(s *systemd, look int) {
			switch look {
			case 2:
				tells(s, "Z")
			case 3:
				s.end(unit)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.put("/etc/systemd/system/kubelet.service", "[Service]\n")
			s := newSystemd(m)
			m.must(s.start(unit))
			tells(s, "S")
			m.put("/proc/uptime", "0.02 0\n")
			looks := 0
			m.fakes["systemctl"] = func(argv []string) (string, error) {
				looks++
				end(s, looks)
				return s.run(argv)
			}
			err := resource.Steady{Unit: unit, For: time.Minute}.Apply(t.Context(), m.System)
			var failed *host.UnitError
			if !errors.As(err, &failed) || len(failed.Journal.Lines) == 0 ||
				!strings.Contains(err.Error(), "kubelet.service has ended within the 1m0s") {
				t.Errorf("got %v", err)
			}
		})
	}
}
