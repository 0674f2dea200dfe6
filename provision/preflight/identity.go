package preflight

import (
	"fmt"
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

func uniqueHostname(s Scene) []Finding {
	return unique(s, "the hostname", func(h Host) string { return h.Facts.Hostname })
}

func uniqueMachineID(s Scene) []Finding {
	found := unique(s, "the machine-id", func(h Host) string { return h.Facts.MachineID })
	for _, h := range s.Hosts {
		if h.Facts.MachineID == "" {
			found = append(found, Finding{
				Level: Warn, Hosts: []string{h.Name}, Evidence: "/etc/machine-id is missing or empty",
				Hint: "systemd-machine-id-setup",
			})
		}
	}
	return found
}

// uniqueProductUUID leaves containers out: what they see is the UUID of the machine that they run
// on.
func uniqueProductUUID(s Scene) []Finding {
	return unique(s, "the product_uuid", func(h Host) string {
		if h.Facts.Container != "" {
			return ""
		}
		return strings.ToLower(h.Facts.ProductUUID)
	})
}

// uniqueMAC looks at the interface of the cluster's network only: the NAT interfaces of Vagrant's
// hosts, each in a network of its own, all have the same address.
func uniqueMAC(s Scene) []Finding {
	return unique(s, "the MAC address", func(h Host) string {
		i, _, _ := h.cluster()
		return i.MAC
	})
}

// unique finds the hosts that share what should be each host's own. Hosts without it are left out.
func unique(s Scene, what string, of func(Host) string) []Finding {
	sharing := map[string][]string{}
	for _, h := range s.Hosts {
		if value := of(h); value != "" {
			sharing[value] = append(sharing[value], h.Name)
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
