//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsRoutes makes a cluster of hosts with several interfaces and default routes. The best one
// of cp1 leads out of an interface behind which no machine is, the best one of w1 out of that of
// the cluster, which takes packets of 1400 bytes. What a cluster is made of keeps to the addresses
// of the inventory and to the interface that has them, also when the routes change.
func TestHostsRoutes(t *testing.T) {
	l := newLab(t, "routes", "--control-planes", "1", "--workers", "1")
	l.exec("cp1", "sh", "-euc", "ip link add eth2 type veth peer name nowhere; ip link set nowhere up; "+
		"ip link set eth2 up; ip addr add 172.20.0.11/24 dev eth2; ip route del default; "+
		"ip route add default via 10.0.2.2 dev eth0 metric 100; ip route add default via 172.20.0.1 dev eth2 metric 50")
	l.exec("w1", "sh", "-euc", "ip route del default; ip route add default via 10.0.2.2 dev eth0 metric 200; "+
		"ip route add default via 192.168.56.1 dev eth1 metric 10")
	for _, h := range []string{"cp1", "w1"} {
		l.exec(h, "ip", "link", "set", "eth1", "mtu", "1400")
	}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"preflight", func(t *testing.T, l *lab) {
			said := strings.Join(strings.Fields(l.must(3*time.Minute, "preflight", "-i", l.inventory)), " ")
			says(t, said, "DefaultRoute ok cp1 by eth2", "w1 by eth1")
		}},
		{"up", func(t *testing.T, l *lab) { l.up(); addressed(t, l) }},
		{"second up", func(_ *testing.T, l *lab) { l.upAgain() }},
		{"verify", func(_ *testing.T, l *lab) { l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick") }},
		{"other routes", func(t *testing.T, l *lab) {
			l.exec("cp1", "ip", "route", "del", "default", "dev", "eth2")
			l.exec("w1", "ip", "route", "del", "default", "dev", "eth1")
			l.upAgain()
			addressed(t, l)
			l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick")
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// addressed checks that nodes, tunnels, the API and etcd have the addresses of the inventory, and
// that tunnels and pods follow the interface with them.
func addressed(t *testing.T, l *lab) {
	cp1, w1 := l.host("cp1").Address, l.host("w1").Address
	for _, c := range []struct{ what, path, want string }{
		{"nodes", `jsonpath={range .items[*]}{range .status.addresses[?(@.type!="Hostname")]}{.address} {end}{end}`,
			cp1 + " " + w1},
		{"nodes", `jsonpath={range .items[*]}{.metadata.annotations.flannel\.alpha\.coreos\.com/public-ip} {end}`,
			cp1 + " " + w1},
		{"endpointslices", `jsonpath={.items[?(@.metadata.name=="kubernetes")].endpoints[*].addresses[*]}`, cp1},
	} {
		if got := strings.TrimSpace(l.kubectl("get", c.what, "-o", c.path)); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.what, c.path, got, c.want)
		}
	}
	for _, h := range l.hosts() {
		says(t, l.exec(h.Name, "ip", "-d", "link", "show", "flannel.1"), "local "+h.Address+" dev eth1", "mtu 1350")
		says(t, l.exec(h.Name, "cat", "/etc/kubernetes/cni/net.d/10-flannel.conflist"), `"mtu": 1350`)
	}
	says(t, l.exec("cp1", "sh", "-c", "tr '\\0' '\\n' </proc/$(pidof etcd)/cmdline"),
		"--advertise-client-urls=https://"+cp1+":2379")
}
