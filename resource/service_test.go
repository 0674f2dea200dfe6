package resource_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"kbootstrap/host"
	"kbootstrap/host/surroundings"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

// TestServiceReloads checks when systemd has to read its files again.
func TestServiceReloads(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	m.put("/etc/systemd/system/etcd.service", "[Service]\n")
	service := resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "1"}
	for _, step := range []struct {
		name    string
		change  func()
		reloads int
		starts  int
	}{
		{"a unit that systemd has never read", func() {}, 0, 1},
		{"nothing has changed", func() {}, 0, 0},
		{"a new configuration", func() { service.Config = "2" }, 1, 1},
		{"a new unit file, and with it a new configuration", func() {
			m.put("/etc/systemd/system/etcd.service", "[Service]\nUser=etcd\n")
			service.Config = "3"
		}, 1, 1},
		{"killed", func() { s.units["etcd.service"].active, s.units["etcd.service"].pid = "inactive", 0 }, 0, 1},
		{"crashed", func() { s.units["etcd.service"].active, s.units["etcd.service"].pid = "failed", 0 }, 0, 1},
	} {
		step.change()
		s.reloads, m.ran = 0, nil
		m.apply(service)
		if s.reloads != step.reloads || m.ranCount("systemctl --no-block") != step.starts {
			t.Errorf("%s: %d reloads, want %d; %q", step.name, s.reloads, step.reloads, m.ran)
		}
		if found := m.observe(service); resource.Changed(found, service) {
			t.Errorf("%s: %s", step.name, resource.Diff(found, service))
		}
	}
}

// TestServiceOfAnotherCommand: a process that a drop-in started with another command is found when
// the drop-in has gone, and started again; while it is there, it is for the checks of the host.
func TestServiceOfAnotherCommand(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	const dropIn = "/etc/systemd/system/docker.service.d/99-site.conf"
	m.put("/etc/systemd/system/docker.service", "[Service]\nExecStart=/usr/local/bin/dockerd \\\n  --host=unix:///x\n")
	service := resource.Service{Name: "docker.service", Enabled: true, Running: true, Config: "1"}
	m.put(dropIn, "[Service]\nExecStart=\nExecStart=/usr/local/bin/dockerd -H tcp://0.0.0.0:2375 --auth-token=hush\n")
	m.apply(service)
	if found := m.observe(service); resource.Changed(found, service) {
		t.Errorf("with the drop-in: %s", resource.Diff(found, service))
	}
	m.must(os.Remove(m.Path(dropIn)))
	found := m.observe(service)
	if want := "started as /usr/local/bin/dockerd -H tcp://0.0.0.0:2375 " +
		"--auth-token=…\n"; !strings.Contains(found.State(), want) {
		t.Fatalf("without the drop-in the state is\n%swant\n%s", found.State(), want)
	}
	m.put("/etc/systemd/system/docker.service", "[Service]\nExecStart=/usr/local/bin/dockerd --host=unix:///x\n")
	m.ran = nil
	m.apply(service)
	if found := m.observe(service); resource.Changed(found, service) || m.ranCount("systemctl --no-block") != 1 {
		t.Errorf("applied: %s; ran %q", resource.Diff(found, service), m.ran)
	}
}

// TestServiceWithAnEditedDropIn: what a user writes into the tool's own drop-in is taken back, and
// the process that may have been started with it is started again.
func TestServiceWithAnEditedDropIn(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	m.put("/etc/systemd/system/etcd.service", "[Service]\n")
	service := resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "1"}
	m.apply(service)
	own := m.get(surroundings.OwnDropIn("etcd.service"))
	m.put(surroundings.OwnDropIn("etcd.service"), own+"User=daemon\n")
	if found := m.observe(service); !resource.Changed(found, service) {
		t.Fatal("the edit is not seen")
	}
	m.ran = nil
	m.apply(service)
	if got := m.get(surroundings.OwnDropIn("etcd.service")); got != own || m.ranCount("systemctl --no-block") != 1 {
		t.Errorf("the drop-in is %q; ran %q", got, m.ran)
	}
	if found := m.observe(service); resource.Changed(found, service) {
		t.Errorf("applied: %s", resource.Diff(found, service))
	}
}

// TestServiceThatCrashes checks that the error tells why.
func TestServiceThatCrashes(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	m.put("/etc/systemd/system/etcd.service", "[Service]\n")
	s.crash["etcd.service"] = true
	err := resource.Service{Name: "etcd.service", Running: true, Config: "1"}.Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), "failed") ||
		!strings.Contains(whole(err), "panic: the last words of etcd.service") {
		t.Errorf("error is %v", err)
	}
	err = resource.Service{Name: "none.service", Running: true}.Apply(t.Context(), m.System)
	if err == nil {
		t.Error("a unit that does not exist is started")
	}
}

// TestServiceThatIsNotThere checks that turning off what does not exist is nothing to do.
func TestServiceThatIsNotThere(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	off := resource.Service{Name: "firewalld.service"}
	if found := m.observe(off); resource.Changed(found, off) {
		t.Errorf("diff is %s", resource.Diff(found, off))
	}
	m.apply(off)
	if m.ranCount("systemctl show") != len(m.ran) {
		t.Errorf("it does more than look: %q", m.ran)
	}
}

// TestTurningOffEndsCrashLoops checks that a unit between two tries does not count as stopped for
// who wants it so.
func TestTurningOffEndsCrashLoops(t *testing.T) {
	u := host.Unit{State: "activating", Sub: "auto-restart"}
	off := resource.Service{Name: "a.service"}
	if m := newMachine(t); !off.FoundAs(m.System, u).Running {
		t.Error("it counts as stopped")
	}
}

func TestMemberWithoutData(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	lost := resource.Member{
		Name: "m1", Unit: "etcd.service", DataDir: "/var/lib/etcd", Marker: "/etc/etcd/bootstrapped",
		Token: "ours",
	}
	err := lost.Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), "m1 has no data in /var/lib/etcd") {
		t.Errorf("error is %v", err)
	}
	if m.Exists("/run") {
		t.Error("it may found a cluster")
	}
	// Permission that a crash has left counts for nothing once the cluster exists.
	m.put(resource.BootstrapDropIn("etcd.service"), "")
	if found := m.observe(lost); !resource.Changed(found, lost) {
		t.Error("a member without data is found converged")
	}
	// Nor is it data what an etcd leaves that was started without.
	m.put("/var/lib/etcd/member/snap/db", "empty")
	if found := m.observe(lost); !resource.Changed(found, lost) {
		t.Error("an empty data base is taken for data")
	}
	m.put("/var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal", "log")
	m.put("/etc/etcd/bootstrapped", "ours\n")
	if found := m.observe(lost); resource.Changed(found, lost) {
		t.Error("a member with data is not")
	}
	m.apply(lost)
	if !m.Exists("/var/lib/etcd/member") {
		t.Error("data is gone")
	}
}

// TestForeignMember: data is served only when it is known to be of the cluster: by its mark, or by
// the unit that a founding has left which was cut off.
func TestForeignMember(t *testing.T) {
	member := resource.Member{
		Name: "m1", Unit: "etcd.service", DataDir: "/var/lib/etcd", Marker: "/etc/etcd/bootstrapped",
		Token: "ours", New: true,
	}
	for _, test := range []struct {
		mark, unit string
		foreign    string
	}{
		{"ours\n", "", ""},
		{"ours\n", "[Service]\n", ""},
		{"", "[Service]\n", ""},
		{"", "", "no mark says that it is of the cluster ours"},
		{"theirs\n", "[Service]\n", "it is of the cluster theirs"},
	} {
		m := newMachine(t)
		newSystemd(m)
		m.put("/var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal", "log")
		if test.mark != "" {
			m.put(member.Marker, test.mark)
		}
		if test.unit != "" {
			m.put("/etc/systemd/system/etcd.service.d/50-kbootstrap.conf", test.unit)
		}
		before := m.snapshot()
		err := converge.Converge(t.Context(), m.System, []resource.Resource{member}, nil)
		if (err == nil) != (test.foreign == "") || err != nil && !strings.Contains(err.Error(), test.foreign) {
			t.Errorf("mark %q, unit %q: %v", test.mark, test.unit, err)
		}
		if m.snapshot() != before {
			t.Errorf("mark %q, unit %q: the machine is another", test.mark, test.unit)
		}
	}
}

func TestPackageUpdatesListsOnce(t *testing.T) {
	m := newMachine(t)
	m.executable("/usr/bin/apt-get")
	updated := false
	m.fakes["env"] = func([]string) (string, error) {
		if !updated {
			return "", syscall.ENOTDIR
		}
		m.executable("/usr/sbin/socat")
		return "", nil
	}
	m.fakes["apt-get"] = func(argv []string) (string, error) {
		if len(argv) != 2 || argv[1] != "update" || updated {
			return m.unexpected(argv)
		}
		updated = true
		return "", nil
	}
	socat := resource.Package{Program: "socat", Apt: "socat"}
	m.apply(socat)
	if found := m.observe(socat); resource.Changed(found, socat) {
		t.Error("it is not there")
	}
	if err := (resource.Package{Program: "x", Yum: "x"}).Apply(t.Context(), m.System); err == nil {
		t.Error("a package without a name is installed")
	}
	if err := socat.Apply(t.Context(), newMachine(t).System); err == nil {
		t.Error("a package is installed without a package manager")
	}
}

// TestServiceReadsAgain: a service that reads a file again while it runs is told to, waited for,
// and not started again; also when the run that changed the file was killed before it told the
// service.
func TestServiceReadsAgain(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	m.put("/etc/systemd/system/proxy.service", "[Service]\nExecStart=/bin/proxy -Ws\n")
	// While it reads, the process has another command line, as HAProxy's has.
	manager, looks := m.fakes["systemctl"], 0
	m.fakes["systemctl"] = func(argv []string) (string, error) {
		if u := s.units["proxy.service"]; u != nil && u.pid != 0 {
			path := fmt.Sprintf("/proc/%d/cmdline", u.pid)
			if argv[1] == "reload" {
				m.put(path, "/bin/proxy\x00-sf\x00214\x00-Ws\x00")
				looks = 3
			} else if looks--; looks == 0 {
				m.put(path, "/bin/proxy\x00-Ws\x00")
			}
		}
		return manager(argv)
	}
	list := func(text string) []resource.Resource {
		file := resource.File{Path: "/etc/proxy.cfg", Mode: 0o600, Content: []byte(text)}
		return []resource.Resource{file, resource.Service{
			Name: "proxy.service", Enabled: true, Running: true, Config: "1", Reloads: []string{file.ID()},
		}}
	}
	run := func(wanted []resource.Resource) {
		t.Helper()
		m.ran = nil
		m.must(converge.Converge(t.Context(), m.System, wanted, nil))
		for _, w := range wanted {
			if found := m.observe(w); resource.Changed(found, w) {
				t.Errorf("%s: %s", w.ID(), resource.Diff(found, w))
			}
		}
	}
	told := func(what string, reloads, starts int) {
		t.Helper()
		if m.ranCount("systemctl reload proxy.service") != reloads || m.ranCount("systemctl --no-block") != starts {
			t.Errorf("%s: want %d reloads and %d starts; %q", what, reloads, starts, m.ran)
		}
	}
	run(list("one"))
	told("new", 0, 1)
	run(list("two"))
	told("another list", 1, 0)
	run(list("two"))
	told("nothing has changed", 0, 0)

	three := list("three")
	service, _ := three[1].(resource.Service)
	m.must(service.Owe(m.System, three[0].ID()))
	m.apply(three[0])
	if found := m.observe(service); !strings.Contains(found.State(), "yet to read again") {
		t.Errorf("of a run that was killed is seen: %s", found.State())
	}
	run(three)
	told("after a run that was killed", 1, 0)

	service.Config = "2"
	m.must(service.Owe(m.System, three[0].ID()))
	run([]resource.Resource{three[0], service})
	told("it is started again anyway", 0, 1)
	run([]resource.Resource{three[0], service})
	told("and has read it by then", 0, 0)
}
