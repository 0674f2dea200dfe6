package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// netnsDir is where iproute2 keeps named network namespaces.
const netnsDir = "/run/netns"

// The namespaces of a lab: one with the cluster's bridge, and two for each host, its own and the
// one in which VirtualBox's NAT would be. The latter has no way on, so that whatever a host sends
// to the outside is refused at once.
func (s state) clusterNetns() string         { return "kbl-" + s.ID }
func (s state) hostNetns(host string) string { return "kbl-" + s.ID + "-" + host }
func (s state) natNetns(host string) string  { return "kbl-" + s.ID + "-" + host + ".nat" }
func netnsPath(name string) string           { return filepath.Join(netnsDir, name) }
func inNetns(name string, argv ...string) []string {
	// Not `ip netns exec`: that mounts a new /sys, which hides the cgroups from nspawn.
	return append([]string{"nsenter", "--net=" + netnsPath(name), "--"}, argv...)
}

func netnsExists(name string) bool {
	_, err := os.Stat(netnsPath(name))
	return err == nil
}

// ip runs a batch of commands of ip(8), in a namespace unless it is "".
func ip(ctx context.Context, netns string, commands ...string) error {
	argv := []string{"ip", "-batch", "-"}
	if netns != "" {
		argv = []string{"ip", "-netns", netns, "-batch", "-"}
	}
	return run(ctx, strings.Join(commands, "\n")+"\n", argv...)
}

// sysctl writes settings of a network namespace, given as path below /proc/sys/net and value in
// turn.
func sysctl(ctx context.Context, netns string, settings ...string) error {
	const script = `while [ $# -gt 0 ]; do [ ! -e "/proc/sys/net/$1" ] || echo "$2" >"/proc/sys/net/$1"; shift 2; done`
	return run(ctx, "", inNetns(netns, append([]string{"sh", "-euc", script, "sh"}, settings...)...)...)
}

// makeClusterNetwork makes the namespace with the bridge that is every host's eth1, unless it is
// there.
func (s state) makeClusterNetwork(ctx context.Context) error {
	ns := s.clusterNetns()
	if netnsExists(ns) {
		return nil
	}
	if err := ip(ctx, "", "netns add "+ns); err != nil {
		return err
	}
	if err := ip(ctx, ns, "link set lo up", "link add cluster type bridge",
		"addr add "+clusterGateway+" dev cluster", "link set cluster up"); err != nil {
		return err
	}
	// Frames between hosts are not this namespace's packets.
	return sysctl(ctx, ns, "bridge/bridge-nf-call-iptables", "0", "bridge/bridge-nf-call-ip6tables", "0",
		"bridge/bridge-nf-call-arptables", "0")
}

// makeNAT makes the namespace in which VirtualBox's NAT would be for this host, unless it is there.
func (s state) makeNAT(ctx context.Context, h Host) error {
	nat := s.natNetns(h.Name)
	if netnsExists(nat) {
		return nil
	}
	if err := ip(ctx, "", "netns add "+nat); err != nil {
		return err
	}
	// A router without a route answers "network unreachable"; without forwarding it would not
	// answer at all.
	return errors.Join(ip(ctx, nat, "link set lo up"),
		sysctl(ctx, nat, "ipv4/ip_forward", "1", "ipv4/icmp_ratelimit", "0"))
}

// makeHostNetwork makes a host's own namespace. It is made again at each start, as a machine's
// interfaces are.
func (s state) makeHostNetwork(ctx context.Context, h Host) error {
	host, nat, port := s.hostNetns(h.Name), s.natNetns(h.Name), fmt.Sprintf("p%d", h.Address.As4()[3])
	if err := ip(ctx, "", "netns add "+host); err != nil {
		return err
	}
	// The ends of the old interfaces go with the old namespace, but when the kernel comes to it:
	// after a plug was pulled, and with the interfaces of many pods, that takes many seconds, in
	// which it may hold its lock on all interfaces.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := poll(ctx, func() error {
		return replaceLink(ctx, nat, "nat", "eth0 netns "+host)
	}); err != nil {
		return err
	}
	if err := poll(ctx, func() error {
		return replaceLink(ctx, s.clusterNetns(), port, "eth1 netns "+host)
	}); err != nil {
		return err
	}
	addresses := []string{"link set eth0 address " + natMAC, "addr add " + natAddress + " dev eth0",
		fmt.Sprintf("addr add %s/%d dev eth1", h.Address, clusterBits)}
	routes := []string{"route add default via " + natGateway + " dev eth0"}
	if h.IPv6.IsValid() {
		// No other host of the lab has it, and a service that starts at once could not bind it.
		addresses = append(addresses, fmt.Sprintf("addr add %s/%d dev eth1 nodad", h.IPv6, clusterBits6))
	}
	if s.Spec.VM {
		// The interfaces of this namespace are but the plugs of the machine's own.
		addresses, routes = nil, nil
	}
	return errors.Join(
		// sshd's small answers wait for the acknowledgement of the one before (Nagle), which the
		// forwarder's kernel would hold back for 40 ms at each step.
		ip(ctx, nat, "addr add "+natGateway+"/24 dev nat", "link set nat up",
			"route change "+natNetwork+" dev nat proto kernel scope link src "+natGateway+" quickack 1"),
		ip(ctx, s.clusterNetns(), "link set "+port+" master cluster up"),
		ip(ctx, host, slices.Concat([]string{"link set lo up"}, addresses,
			[]string{"link set eth0 up", "link set eth1 up"}, routes)...),
	)
}

// replaceLink makes a pair of interfaces, in place of one whose other end is in a namespace that is
// going away.
func replaceLink(ctx context.Context, netns, name, peer string) error {
	add := func() error { return ip(ctx, netns, "link add "+name+" type veth peer name "+peer) }
	if add() == nil {
		return nil
	}
	_ = ip(ctx, netns, "link del "+name) // it may be gone by itself meanwhile
	return add()
}

// removeNetns removes a namespace. Its interfaces and their peers go with it.
func removeNetns(ctx context.Context, name string) error {
	if !netnsExists(name) {
		return nil
	}
	return ip(ctx, "", "netns del "+name)
}

// removeNetwork removes all namespaces of a lab, whether its state knows their hosts or not.
func (s state) removeNetwork(ctx context.Context) error {
	names, err := filepath.Glob(netnsPath(s.clusterNetns() + "*"))
	for _, name := range names {
		err = errors.Join(err, removeNetns(ctx, filepath.Base(name)))
	}
	return err
}

// sshPorts yields the ports in the order in which Vagrant takes them.
func sshPorts(yield func(int) bool) {
	if !yield(firstPort) {
		return
	}
	for port := nextPorts; port < nextPorts+2000; port++ {
		if port != firstPort && !yield(port) {
			return
		}
	}
}

// listenSSH listens on the first port that is free, and that no host of this lab has.
func listenSSH(taken map[int]bool) (*net.TCPListener, error) {
	for port := range sshPorts {
		if taken[port] {
			continue
		}
		if l, err := listenLoopback(port); err == nil {
			return l, nil
		}
	}
	return nil, errors.New("no loopback port is free for ssh")
}

func listenLoopback(port int) (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
}
