//go:build e2e && hosts

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostsFirewall has the firewall of a cluster configured, with firewalld on two hosts and with
// nftables on one: a stranger reaches the API, sshd and NodePorts only, while the hosts reach what
// they need; through reloads, boots, a host that joins, other values of `firewall`, and a reset.
func TestHostsFirewall(t *testing.T) {
	l := newLab(t, "walls", "--control-planes", "1", "--workers", "2", "--spare", "1")
	l.exec("w1", "systemctl", "stop", "firewalld") // and it is enabled: it must not be back after a boot
	l.exec("w2", "sh", "-c", "firewall-cmd --permanent --add-port=9999/tcp && firewall-cmd --reload")
	l.edit("artifacts: {mirror", "firewall: configure\nartifacts: {mirror")
	l.up()
	for _, h := range l.hosts() {
		l.image(h.Name)
	}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"NodePort between hosts", nodePort},
		{"pods across hosts", podNetwork},
		{"what a stranger reaches", walledOff},
		{"the second up", func(_ *testing.T, l *lab) { l.upAgain() }},
		{"the owners reload", ownersReload},
		{"hosts boot", wallsBoot},
		{"a host joins", strangerJoins},
		{"disable and configure again", wallsTurned},
		{"reset", wallsReset},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// dials reports whether a connection from a host comes about.
func (l *lab) dials(from, to string, port int) bool {
	l.t.Helper()
	r := l.runLab(time.Minute, "exec", from, "--", "timeout", "3", "bash", "-c",
		fmt.Sprintf("</dev/tcp/%s/%d", to, port))
	return r.code == 0
}

// walledOff tries what listens, from s1 outside of the cluster and from hosts of it.
func walledOff(t *testing.T, l *lab) {
	addresses := map[string]string{}
	for _, h := range l.all() {
		addresses[h.Name] = h.Address
	}
	for _, c := range []struct {
		from, to string
		ports    []int
		want     bool
	}{
		{"s1", "cp1", []int{22, 6443, 30080}, true},
		{"s1", "w1", []int{22, 30080}, true},
		{"s1", "w2", []int{22, 30080}, true},
		{"s1", "cp1", []int{2379, 2380, 10250, 10256}, false},
		{"s1", "w1", []int{10250, 10256}, false},
		{"s1", "w2", []int{10250, 10256}, false},
		// They listen: who may reach them does.
		{"cp1", "cp1", []int{2379, 2380, 10250, 10256}, true},
		{"cp1", "w1", []int{10250}, true},
		{"w1", "w2", []int{10250}, true},
		{"w2", "w1", []int{10250}, true},
		{"w1", "w1", []int{10256}, true},
		{"w2", "w2", []int{10256}, true},
		{"w1", "cp1", []int{6443}, true},
		{"w1", "cp1", []int{2379, 2380}, false},
		{"w2", "w1", []int{10256}, false},
	} {
		for _, port := range c.ports {
			if got := l.dials(c.from, addresses[c.to], port); got != c.want {
				t.Errorf("%s reaches %s:%d: %t, want %t", c.from, c.to, port, got, c.want)
			}
		}
	}
	exposed := exposure(l.exec("w1", "systemd-analyze", "security", "--no-pager", "kbootstrap-firewall"))
	if exposed <= 0 || exposed > mostExposed {
		t.Errorf("the unit that loads the rules: exposure %.1f, at most %.1f", exposed, mostExposed)
	}
	if ports := l.exec("w2", "firewall-cmd", "--list-ports"); !strings.Contains(ports, "9999/tcp") {
		t.Errorf("the owner's port is gone: %q", ports)
	}
}

func ownersReload(t *testing.T, l *lab) {
	for _, name := range []string{"cp1", "w2"} {
		l.exec(name, "firewall-cmd", "--reload")
	}
	l.exec("w1", "systemctl", "restart", "kbootstrap-firewall")
	// The reload has flushed what kube-proxy and kube-router wrote, and they put it back.
	for _, name := range []string{"cp1", "w2"} {
		l.eventually(3*time.Minute, "kube-router's rules are back", contains("-A FORWARD"), name,
			"sh", "-c", "iptables-save | grep -e '-A FORWARD .*-j KUBE-ROUTER-FORWARD'")
	}
	for _, h := range l.hosts() {
		l.eventually(3*time.Minute, "a stranger reaches the NodePort", func(r result) bool { return r.code == 0 },
			"s1", "timeout", "3", "bash", "-c", fmt.Sprintf("</dev/tcp/%s/30080", h.Address))
	}
	walledOff(t, l)
	fetch(l, 30080)
	podNetwork(t, l)
	l.upAgain()
}

func wallsBoot(t *testing.T, l *lab) {
	for _, verb := range []string{"stop", "start"} {
		for _, h := range l.hosts() {
			l.mustLab(2*time.Minute, verb, h.Name)
		}
	}
	l.ready(3, 4*time.Minute)
	fetch(l, 30080)
	podNetwork(t, l)
	// s1 has not booted, and may send to where a host was before.
	for _, h := range l.hosts() {
		l.eventually(time.Minute, "a stranger reaches sshd of "+h.Name, func(r result) bool { return r.code == 0 },
			"s1", "timeout", "3", "bash", "-c", fmt.Sprintf("</dev/tcp/%s/22", h.Address))
	}
	walledOff(t, l)
	l.settles()
	l.upAgain()
}

func strangerJoins(t *testing.T, l *lab) {
	l.join("s1")
	l.must(5*time.Minute, "add-node", "-i", l.inventory, "s1")
	l.ready(4, 2*time.Minute)
	for _, h := range l.hosts() {
		if !l.dials("s1", h.Address, 10250) {
			t.Errorf("s1 is of the cluster, and does not reach the kubelet of %s", h.Name)
		}
	}
	l.upAgain()
}

// tables are what a host has of the tool's firewall.
func (l *lab) tables(host string) string {
	l.t.Helper()
	return l.exec(host, "sh", "-c", "nft list tables | grep kbootstrap; ls -d /etc/firewalld/*/kbootstrap* "+
		"/etc/systemd/system/kbootstrap-firewall.service /etc/kubernetes/firewall.nft 2>/dev/null; true")
}

// wallsTurned turns the firewall off, which stops firewalld as well, and on again: then it is
// nftables everywhere.
func wallsTurned(t *testing.T, l *lab) {
	l.edit("firewall: configure", "firewall: disable")
	l.up()
	for _, h := range l.hosts() {
		if left := l.tables(h.Name); left != "" {
			t.Errorf("%s: with disable there is still %s", h.Name, left)
		}
	}
	l.upAgain()
	l.edit("firewall: disable", "firewall: configure")
	l.up()
	for _, h := range l.hosts() {
		if table := l.tables(h.Name); !strings.Contains(table, "table inet kbootstrap") {
			t.Errorf("%s: configured again, it has %q", h.Name, table)
		}
	}
	fetch(l, 30080)
	l.upAgain()
}

func wallsReset(t *testing.T, l *lab) {
	l.must(5*time.Minute, "reset", "-i", l.inventory, "--confirm", "walls")
	for _, h := range l.hosts() {
		if left := l.tables(h.Name); left != "" {
			t.Errorf("%s: left is %s", h.Name, left)
		}
	}
	if zone := l.exec("w2", "cat", "/etc/firewalld/zones/public.xml"); !strings.Contains(zone, `"9999"`) {
		t.Errorf("the owner's zone is now\n%s", zone)
	}
}
