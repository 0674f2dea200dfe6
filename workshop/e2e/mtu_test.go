//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsPathMTU: the network between hosts whose interfaces say 1500 carries 1400. preflight
// measures it; where the hosts are not told, up refuses, and where they are, flannel has to be.
func TestHostsPathMTU(t *testing.T) {
	l := newLab(t, "mtu", "--control-planes", "1", "--workers", "1")
	cp1, w1 := l.host("cp1"), l.host("w1")
	for _, h := range []string{"cp1", "w1"} {
		// A firewalld that is stopped while it starts leaves its rules behind.
		l.eventually(time.Minute, "firewalld is up", contains("running"), h, "firewall-cmd", "--state")
		l.exec(h, "systemctl", "disable", "--now", "firewalld")
	}
	l.narrow("12", "1396") // the kernel adds the four bytes of a VLAN's tag to what a plug takes

	const both = " packets of 1400 bytes arrive, of 1500 bytes do not"
	fail, _ := l.findings(5)
	says(t, strings.Join(fail, "\n"), "MTU cp1,w1: cp1 -> w1:"+both+", and the sender is not told",
		"MTU cp1,w1: w1 -> cp1:"+both+", and the sender is not told")
	if len(fail) != 2 {
		t.Errorf("besides:\n%s", strings.Join(fail, "\n"))
	}
	l.exits(5, "up", "-i", l.inventory).says(t, "set the MTU of the hosts' interfaces to 1400", "nothing was changed")

	// A route that knows stands for a router that tells.
	l.exec("cp1", "ip", "route", "add", w1.Address+"/32", "dev", "eth1", "src", cp1.Address, "mtu", "1400")
	l.exec("w1", "ip", "route", "add", cp1.Address+"/32", "dev", "eth1", "src", w1.Address, "mtu", "1400")
	fail, warn := l.findings(0)
	if fail != nil {
		t.Errorf("the hosts know, and preflight says\n%s", strings.Join(fail, "\n"))
	}
	says(t, strings.Join(warn, "\n"), "MTU cp1,w1: cp1 -> w1:"+both+"; the sender knows it, and flannel does not")

	l.edit("hosts:\n", "network: {flannel: {mtu: 1400}}\nhosts:\n")
	if _, warn = l.findings(0); strings.Contains(strings.Join(warn, "\n"), "MTU") {
		t.Errorf("flannel knows, and preflight says\n%s", strings.Join(warn, "\n"))
	}
	l.up()
	l.must(5*time.Minute, "verify", "-i", l.inventory, "--only", "dns,pods,services")
	l.upAgain()
	if mtu := l.exec("w1", "cat", "/sys/class/net/flannel.1/mtu"); strings.TrimSpace(mtu) != "1350" {
		t.Errorf("the tunnel of w1 has the MTU %s", mtu)
	}
}

// narrow has the plug of a host in the cluster's network carry less than its interface says. The
// plug is named after the last number of the host's address.
func (l *lab) narrow(number, mtu string) {
	l.t.Helper()
	if r := l.runs(time.Minute, "ip", "-n", l.netns(), "link", "set", "p"+number, "mtu", mtu); r.code != 0 {
		l.fatalf("the plug %s: exit %d\n%s", number, r.code, r.stderr)
	}
}
