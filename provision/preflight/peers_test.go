package preflight

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// TestPeers: hosts that are not asked count in the checks, by what the cluster tells of them.
func TestPeers(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(s *Scene)
		want []string // as of cases
	}{
		{"a host that is not asked", func(s *Scene) { s.leave("w1") }, nil},
		{"a clone of a host that is not asked", func(s *Scene) {
			w1 := s.leave("w1")
			w1.MachineID, w1.ProductUUID = s.Hosts[1].Facts.MachineID, strings.ToLower(s.Hosts[1].Facts.ProductUUID)
			w1.MAC, s.Hosts[1].Facts.Hostname = s.Hosts[1].Facts.Interfaces[2].MAC, "w1"
		}, []string{
			"warn Hostname w2: the host calls itself w1",
			"fail UniqueHostname w1,w2: w2 and w1 have the hostname w1",
			"fail UniqueMachineID w1,w2: w2 and w1 have the machine-id 33333333333333333333333333333333",
			"fail UniqueProductUUID w1,w2: w2 and w1 have the product_uuid 4c4c4544-0043-5010-8052-b4c04f5a3332",
			"fail UniqueMAC w1,w2: w2 and w1 have the MAC address 08:00:27:00:00:03",
		}},
		{"hosts that are not asked, and are clones of each other", func(s *Scene) {
			w1 := *s.leave("w1")
			s.leave("w2").MachineID = w1.MachineID
		}, nil},
		{"a kubelet that tells the machine-id as the UUID", func(s *Scene) {
			w1 := s.leave("w1")
			w1.MachineID = "4c4c4544004350108052b4c04f5a3332"
			w1.ProductUUID = s.Hosts[1].Facts.ProductUUID
		}, nil},
		{"the address of a node that the inventory does not have", func(s *Scene) {
			s.Peers = append(s.Peers, Peer{Host: inventory.Host{Name: "theirs", Address: s.Hosts[2].Address}})
		}, []string{"fail UniqueIP w2: 192.168.56.22, the address of w2, is that of theirs in the cluster"}},
		{"the address of a host that is not asked on another", func(s *Scene) {
			i := &s.Hosts[2].Facts.Interfaces[2]
			i.Addresses = append(i.Addresses, netip.MustParsePrefix("192.168.56.21/32"))
			s.leave("w1")
		}, []string{"fail UniqueIP w2: 192.168.56.21, the address of w1, is on eth1 of w2"}},
		{"a port of a host that is not asked, blocked", func(s *Scene) {
			s.leave("cp1")
			s.path("w2", "cp1", "tcp", 6443).Fault = "no answer within 2s"
		}, []string{"fail PeerPort cp1,w2: w2 -> cp1 tcp/6443: no answer within 2s"}},
		{"a port of a host that is not asked, where nothing listens", func(s *Scene) {
			s.leave("cp1")
			s.path("w1", "cp1", "tcp", 6443).Fault = "connection refused"
			s.path("w2", "cp1", "tcp", 6443).Fault = "connection refused"
		}, []string{
			"warn PeerPort cp1,w1: w1 -> cp1 tcp/6443: connection refused; no host of this run reaches that port",
			"warn PeerPort cp1,w2: w2 -> cp1 tcp/6443: connection refused; no host of this run reaches that port",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good(t)
			c.edit(&s)
			if got := notOK(Judge(s, nil)); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// TestUntried: what could not be tried of hosts that are not asked is said, and not counted as
// good.
func TestUntried(t *testing.T) {
	s := good(t)
	s.leave("w1")
	var told []string
	for _, f := range Judge(s, nil) {
		if f.ID == "PeerPort" && f.Level == OK {
			told = append(told, f.Hosts[0]+": "+f.Evidence)
		}
	}
	want := "w2: the other hosts reach this host on all 2 paths; not tried from w1, which this run does not ask"
	if !slices.Contains(told, want) {
		t.Errorf("told %q", told)
	}
}
