package lab

import (
	"cmp"
	"fmt"
	"net/netip"
)

// Host is one machine of a lab.
type Host struct {
	Name    string     `json:"name"`    // also its hostname
	Address netip.Addr `json:"address"` // on eth1, the cluster's network
	// IPv6 is its other address on eth1, in a lab of both families.
	IPv6    netip.Addr `json:"ipv6,omitzero"`
	SSHPort int        `json:"sshPort"` // on 127.0.0.1 of the machine that runs the lab
	Roles   []string   `json:"roles"`   // as in hosts.yaml: etcd, control-plane, worker
	Image   string     `json:"image"`   // its system, one of Images
	Spare   bool       `json:"spare"`   // it is not in hosts.yaml
	Running bool       `json:"running"` // its PID 1 lives; computed, whatever the state file says
}

// The address plan is the one of Vagrant's VirtualBox provider: NAT hands 10.0.2.15 to every guest
// and is 10.0.2.2 itself; host-only networks are 192.168.56.0/24 (the only range that VirtualBox
// allows since 6.1.28) with the machine at .1; ssh is forwarded from 2222, then from 2200 on.
const (
	natAddress     = "10.0.2.15/24"
	natGateway     = "10.0.2.2"
	natNetwork     = "10.0.2.0/24"
	clusterGateway = "192.168.56.1/24"
	clusterBits    = 24
	clusterBits6   = 64
	// natMAC is the same on every host, as Vagrant gives every guest of a box the box's own
	// base_mac.
	natMAC = "08:00:27:8d:c0:4d"

	firstPort, nextPorts = 2222, 2200
)

// addressOf returns the eth1 address of the i-th host, counted from 0.
func addressOf(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 56, byte(11 + i)}) }

// imageOf returns the system of a host.
func (s Spec) imageOf(host string) string { return cmp.Or(s.Images[host], s.Image) }

// ipv6Of returns the address of the other family next to an address of eth1: fd00:192:168:56::11.
func ipv6Of(a netip.Addr) netip.Addr {
	b := a.As4()
	return netip.MustParseAddr(fmt.Sprintf("fd00:%d:%d:%d::%d", b[0], b[1], b[2], b[3]))
}

// inDomain ends the name of a host with the lab's domain.
func (s Spec) inDomain(name string) string {
	if s.Domain == "" {
		return name
	}
	return name + "." + s.Domain
}

// planHosts lists the hosts of a spec in the order of hosts.yaml, without their ports.
func planHosts(s Spec) []Host {
	var hosts []Host
	add := func(n int, prefix string, spare bool, roles ...string) {
		for i := range n {
			name := fmt.Sprintf("%s%d", prefix, i+1)
			hosts = append(hosts, Host{
				Name: s.inDomain(name), Address: addressOf(len(hosts)), Roles: roles, Spare: spare,
				Image: s.imageOf(name),
			})
		}
	}
	add(s.ControlPlanes, "cp", false, "etcd", "control-plane", "worker")
	add(s.Workers, "w", false, "worker")
	add(s.Spare, "s", true, "worker")
	if s.DualStack {
		for i := range hosts {
			hosts[i].IPv6 = ipv6Of(hosts[i].Address)
		}
	}
	return hosts
}
