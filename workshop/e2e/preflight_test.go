//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// findings runs preflight and returns what does not go well, as "ID hosts: evidence", those that
// fail and those that warn.
func (l *lab) findings(exit int) (fail, warn []string) {
	l.t.Helper()
	r := l.run(2*time.Minute, "preflight", "-i", l.inventory, "-o", "json")
	if r.code != exit {
		l.fatalf("preflight: exit %d, want %d\n%s%s", r.code, exit, r.stdout, r.stderr)
	}
	var document struct {
		Kind   string
		Result struct {
			OK       bool
			Findings []struct {
				ID, Level, Evidence, Hint, Code string
				Hosts                           []string
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		l.fatalf("%v in\n%s", err, r.stdout)
	}
	if document.Kind != "Preflight" || document.Result.OK != (exit == 0) || len(document.Result.Findings) < 40 {
		l.fatalf("a document of kind %s, ok %t, with %d findings", document.Kind, document.Result.OK,
			len(document.Result.Findings))
	}
	for _, f := range document.Result.Findings {
		text := f.ID + " " + strings.Join(f.Hosts, ",") + ": " + f.Evidence
		switch f.Level {
		case "fail":
			fail = append(fail, text)
			if f.Hint == "" || f.Code == "" {
				l.t.Errorf("no hint or no code: %+v", f)
			}
		case "warn":
			warn = append(warn, text)
		}
	}
	return fail, warn
}

// TestPreflight: hosts with a blocked path, a wrong clock and a cloned machine-id. preflight finds
// these three and nothing else, up refuses with all of them at once, and when they are mended there
// is nothing to find.
func TestPreflight(t *testing.T) {
	l := newLab(t, "e2e-preflight", "--control-planes", "1", "--workers", "2")

	// One path, of one port, in one direction. The firewalld of cp1 would hide it; those of the
	// others stay, and must not be taken for faults, since up turns them off. A firewalld that is
	// stopped while it starts leaves its rules behind.
	l.eventually(time.Minute, "firewalld is up", contains("running"), "cp1", "firewall-cmd", "--state")
	l.exec("cp1", "systemctl", "disable", "--now", "firewalld")
	l.exec("cp1", "iptables", "-I", "INPUT", "-p", "udp", "--dport", "8472", "-s", l.host("w1").Address, "-j", "DROP")
	// The hosts share the clock of this machine's kernel. What differs is what their programs see
	// of it.
	l.input(strings.NewReader("#!/bin/sh\nexec /bin/date --date='+90 seconds' \"$@\"\n"), "w1", "sh", "-c",
		"cat > /usr/local/sbin/date && chmod 755 /usr/local/sbin/date")
	own := strings.TrimSpace(l.exec("w2", "cat", "/etc/machine-id"))
	cloned := strings.TrimSpace(l.exec("w1", "cat", "/etc/machine-id"))
	l.exec("w2", "sh", "-c", "echo "+cloned+" > /etc/machine-id")

	fail, warn := l.findings(5)
	want := []struct{ begins, has string }{
		{"UniqueMachineID w1,w2: ", "w1 and w2 have the machine-id " + cloned},
		{"ClockSkew w1: ", "1m30s ahead of the median"},
		{"PeerPort cp1,w1: ", "w1 -> cp1 udp/8472: nothing arrived"},
	}
	if len(fail) != len(want) {
		t.Errorf("%d checks failed:\n%s", len(fail), strings.Join(fail, "\n"))
	}
	for i, f := range fail {
		if i < len(want) && (!strings.HasPrefix(f, want[i].begins) || !strings.Contains(f, want[i].has)) {
			t.Errorf("got %q\nwant %s… %s", f, want[i].begins, want[i].has)
		}
	}
	t.Logf("warnings:\n%s", strings.Join(warn, "\n"))

	// Ignoring is by name, and what is ignored is told all the same.
	table := l.run(2*time.Minute, "preflight", "-i", l.inventory,
		"--ignore-preflight=UniqueMachineID,ClockSkew,PeerPort")
	if table.code != 0 || strings.Count(table.stdout, "warn (ignored)") != 3 {
		t.Errorf("with all ignored: exit %d\n%s%s", table.code, table.stdout, table.stderr)
	}

	up := l.run(2*time.Minute, "up", "-i", l.inventory)
	if up.code != 5 {
		t.Errorf("up: exit %d\n%s", up.code, up.stderr)
	}
	for _, w := range want {
		if !strings.Contains(up.stderr, w.has) {
			t.Errorf("up does not tell %q:\n%s", w.has, up.stderr)
		}
	}
	if !strings.Contains(up.stderr, "nothing was changed") {
		t.Errorf("up does not say that nothing was changed:\n%s", up.stderr)
	}
	for _, h := range []string{"cp1", "w1", "w2"} {
		if out := l.exec(h, "sh", "-c", "ls -d /etc/kubernetes /var/lib/kbootstrap/before "+
			"/etc/systemd/system/kubelet.service 2>/dev/null || true"); out != "" {
			t.Errorf("%s was changed: %s", h, out)
		}
	}
	if out := l.exec("w1", "systemctl", "is-active", "firewalld"); strings.TrimSpace(out) != "active" {
		t.Errorf("firewalld of w1 is %s", out)
	}

	l.exec("cp1", "iptables", "-D", "INPUT", "-p", "udp", "--dport", "8472", "-s", l.host("w1").Address, "-j", "DROP")
	l.exec("w1", "rm", "/usr/local/sbin/date")
	l.exec("w2", "sh", "-c", "echo "+own+" > /etc/machine-id")
	if fail, _ := l.findings(0); fail != nil {
		t.Errorf("when all was mended:\n%s", strings.Join(fail, "\n"))
	}
}

// host returns a host of the lab.
func (l *lab) host(name string) host {
	l.t.Helper()
	all := l.all()
	i := slices.IndexFunc(all, func(h host) bool { return h.Name == name })
	if i < 0 {
		l.fatalf("the lab has no host %s", name)
	}
	return all[i]
}
