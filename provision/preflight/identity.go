package preflight

import (
	"fmt"
	"slices"
	"strings"
)

func privileged(_ Scene, h Host) []Finding {
	if h.Survey.UID != 0 {
		return one(Fail, "the tool runs on this host as user %d", h.Survey.UID)
	}
	return one(OK, "root")
}

func hostname(_ Scene, h Host) []Finding {
	switch h.Facts.Hostname {
	case h.Name:
		return one(OK, "%s", h.Name)
	case "":
		return one(Warn, "the host has no name")
	}
	return one(Warn, "the host calls itself %s", h.Facts.Hostname)
}

// uniqueHostname takes a peer's name for its hostname: the cluster knows no other.
func uniqueHostname(s Scene) []Finding {
	return unique(s, "the hostname", func(h Host) string { return h.Facts.Hostname },
		func(p Peer) string {
			if p.MachineID == "" {
				return "" // it is no node yet
			}
			return p.Name
		})
}

func uniqueMachineID(s Scene) []Finding {
	found := unique(s, "the machine-id", func(h Host) string { return machineID(h.Facts.MachineID) },
		func(p Peer) string { return machineID(p.MachineID) })
	for i, f := range found {
		if f.Level == Fail && isOneBoot(s, f.Hosts) {
			found[i].Evidence += " and were booted at the same moment: they are one machine, reached in several ways"
			found[i].Hint = "correct ssh.address and ssh.port of " + strings.Join(f.Hosts, " or ")
		}
	}
	for _, h := range s.Hosts {
		if machineID(h.Facts.MachineID) == "" {
			found = append(found, Finding{
				Level: Warn, Hosts: []string{h.Name}, Evidence: "/etc/machine-id is missing or empty",
				Hint: "systemd-machine-id-setup",
			})
		}
	}
	return found
}

// isOneBoot reports whether all of these hosts were asked, and tell of one boot.
func isOneBoot(s Scene, names []string) bool {
	boots, asked := map[string]bool{}, 0
	for _, h := range s.Hosts {
		if slices.Contains(names, h.Name) && h.Facts.BootID != "" {
			boots[h.Facts.BootID] = true
			asked++
		}
	}
	return asked == len(names) && len(boots) == 1
}

// machineID is a machine-id, or empty when the text is what images have in its place.
func machineID(text string) string {
	if text == "uninitialized" {
		return ""
	}
	return text
}

// uniqueProductUUID leaves containers out: what they see is the UUID of the machine that they run
// on.
func uniqueProductUUID(s Scene) []Finding {
	return unique(s, "the product_uuid", func(h Host) string {
		if h.Facts.Container != "" {
			return ""
		}
		return productUUID(h.Facts.ProductUUID)
	}, func(p Peer) string {
		if strings.ReplaceAll(productUUID(p.ProductUUID), "-", "") == p.MachineID {
			return "" // the kubelet found no UUID, and tells the machine-id instead
		}
		return productUUID(p.ProductUUID)
	})
}

// shared are UUIDs that firmware has whose maker did not set any.
var shared = []string{
	"03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
	"12345678-1234-5678-90ab-cddeefaabbcc", "12345678-1234-1234-1234-123456789abc",
}

// productUUID is a UUID in lower case, or empty when the text is none, or one that many machines
// have.
func productUUID(text string) string {
	text = strings.ToLower(text)
	digits := strings.ReplaceAll(text, "-", "")
	isHex := strings.Trim(digits, "0123456789abcdef") == ""
	if len(text) != 36 || len(digits) != 32 || !isHex || slices.Contains(shared, text) ||
		strings.Count(digits, digits[:1]) == len(digits) || strings.Count(digits, digits[:2]) == len(digits)/2 {
		return ""
	}
	return text
}

// uniqueMAC looks at the interface of the cluster's network only: the NAT interfaces of Vagrant's
// hosts, each in a network of its own, all have the same address.
func uniqueMAC(s Scene) []Finding {
	return unique(s, "the MAC address", func(h Host) string {
		i, _, _ := h.cluster()
		return i.MAC
	}, func(p Peer) string { return p.MAC })
}

// unique finds the hosts that share what should be each host's own, with each other or with peers.
// Those without it are left out.
func unique(s Scene, what string, of func(Host) string, ofPeer func(Peer) string) []Finding {
	sharing := map[string][]string{}
	for _, h := range s.Hosts {
		if value := of(h); value != "" {
			sharing[value] = append(sharing[value], h.Name)
		}
	}
	for _, p := range s.Peers {
		if value := ofPeer(p); len(sharing[value]) > 0 {
			sharing[value] = append(sharing[value], p.Name)
		}
	}
	var found []Finding
	told := map[string]bool{}
	for _, h := range s.Hosts {
		value := of(h)
		switch {
		case value == "" || told[value]:
		case len(sharing[value]) > 1:
			told[value] = true
			found = append(found, Finding{Level: Fail, Hosts: sharing[value],
				Evidence: fmt.Sprintf("%s have %s %s", strings.Join(sharing[value], " and "), what, value)})
		default:
			found = append(found, Finding{Level: OK, Hosts: []string{h.Name}, Evidence: value})
		}
	}
	return found
}

// uniqueHostKey finds hosts that show one key: who has a copy of it can pass itself off as each.
// What is compared is on record on this machine, so hosts that are not asked count too.
func uniqueHostKey(s Scene) []Finding {
	var found []Finding
	shown := map[string]bool{}
	for _, h := range s.Hosts {
		clean := true
		for _, key := range s.HostKeys[h.Name] {
			var sharing []string
			for _, other := range s.Cluster.Hosts {
				if slices.Contains(s.HostKeys[other.Name], key) {
					sharing = append(sharing, other.Name)
				}
			}
			clean = clean && len(sharing) < 2
			if len(sharing) > 1 && !shown[key] {
				shown[key] = true
				found = append(found, Finding{Level: Warn, Hosts: sharing,
					Evidence: fmt.Sprintf("%s have the SSH host key %s", strings.Join(sharing, " and "), key)})
			}
		}
		if keys := s.HostKeys[h.Name]; clean && keys != nil {
			found = append(found, Finding{Level: OK, Hosts: []string{h.Name}, Evidence: strings.Join(keys, ", ")})
		}
	}
	return found
}
