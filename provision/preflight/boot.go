package preflight

import (
	"slices"
	"strings"

	"kbootstrap/host/surroundings"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// bootSettings finds what would be otherwise after a boot.
func bootSettings(_ Scene, h Host) []Finding {
	var found []Finding
	for _, set := range h.Survey.Surroundings.Settings {
		switch {
		case set.Of == surroundings.SettingSysctl && set.Late:
			found = append(found, one(Fail, "%s sets %s = %s, and comes after the tool's own file at each boot",
				place(set), set.Name, set.Value)...)
		case set.Of == surroundings.SettingSysctl && isLastOfAll(set.Path):
			found = append(found, one(Warn, "%s sets %s = %s, which counts again after `sysctl --system`",
				place(set), set.Name, set.Value)...)
		case set.Of == surroundings.SettingModule && set.Group == "install":
			found = append(found, one(Fail, "%s runs another program in place of loading the module %s",
				place(set), set.Name)...)
		case set.Of == surroundings.SettingModule:
			found = append(found, one(Fail, "%s keeps the module %s from being loaded at boot",
				place(set), set.Name)...)
		case slices.Contains(bootUnits, set.Of) && set.Name == surroundings.NameMask:
			found = append(found, one(Fail, "%s masks %s, which has to set at boot what the cluster needs",
				place(set), set.Of)...)
		}
	}
	if found == nil {
		return one(OK, "the same as now")
	}
	return found
}

// isLastOfAll reports whether sysctl --system reads a file after all others.
func isLastOfAll(path string) bool {
	return path == "/etc/sysctl.conf" || path == "/etc/sysctl.d/99-sysctl.conf"
}

// packetFilter finds chains that drop packets which kube-proxy and flannel accept in their own: a
// packet must pass every chain of its hook.
func packetFilter(s Scene, h Host) []Finding {
	var found []Finding
	chains := h.Survey.Surroundings.Chains
	if h.hasLeftFirewalld() {
		isLeft := func(c surroundings.BaseChain) bool { return c.Table == firewalldTable }
		f := one(Fail, "the table %s drops what its owner did not let in, and firewalld does not run: it was "+
			"killed, and has left its rules behind", firewalldTable)
		f[0].Hint = "on the host: nft delete table " + firewalldTable + "; or start firewalld, and `up` turns it " +
			"off or has it let in what the cluster needs"
		found, chains = f, slices.DeleteFunc(slices.Clone(chains), isLeft)
	}
	for _, c := range chains {
		if c.Table == firewalldTable && s.Cluster.Firewall != inventory.FirewallLeave {
			continue // `up` turns firewalld off, or has it let in what the cluster needs
		}
		if h.Facts.UFW && isOfUFW(c) && s.Cluster.Firewall != inventory.FirewallLeave {
			continue // `up` turns ufw off, or another check says why not
		}
		if c.Table == component.FirewallTable {
			continue // the tool's own
		}
		level, dropped := Warn, "what no rule of it accepts of what is sent to this host"
		switch {
		case c.All && c.Hook == surroundings.HookForward:
			level, dropped = Fail, "every packet of a pod that leaves its host, or comes from another"
		case c.All:
			level, dropped = Fail, "every packet to this host"
		case c.Hook == surroundings.HookForward:
			dropped = "what no rule of it accepts of what pods send and receive"
		}
		found = append(found, one(level, "the chain %s of the table %s drops, by its %s, %s",
			c.Name, c.Table, c.By, dropped)...)
	}
	if found == nil {
		return one(OK, "no chain drops what the cluster sends")
	}
	return found
}

// isOfUFW reports whether a chain drops by a policy that ufw sets.
func isOfUFW(c surroundings.BaseChain) bool {
	return c.By == surroundings.DropsByPolicy && (c.Table == "ip filter" || c.Table == "ip6 filter") &&
		(c.Name == "INPUT" || c.Name == "FORWARD")
}

// firewalldTable is firewalld's table of nftables. A firewalld that is stopped removes it; one that
// is killed cannot.
const firewalldTable = "inet firewalld"

// hasLeftFirewalld reports whether rules of firewalld are in force that no firewalld will change or
// remove. A run that does not ask for the unit does not know.
func (h Host) hasLeftFirewalld() bool {
	_, known := h.unit(firewalld)
	return known && !h.active(firewalld) && slices.ContainsFunc(h.Survey.Surroundings.Chains,
		func(c surroundings.BaseChain) bool { return c.Table == firewalldTable })
}

// serviceEnvironment finds proxies between the parts of the cluster, and code that every program of
// the host loads.
func serviceEnvironment(s Scene, h Host) []Finding {
	var found []Finding
	for _, library := range h.Survey.Surroundings.Preload {
		found = append(found, one(Warn, "/etc/ld.so.preload has every program of the host load %s", library)...)
	}
	direct := directUnits(s, h)
	told := map[string]bool{}
	for _, set := range h.Survey.Surroundings.Settings {
		isProxy := slices.Contains([]string{"http_proxy", "https_proxy", "all_proxy"}, strings.ToLower(set.Name))
		if set.Group != surroundings.GroupEnvironment || !isProxy || !slices.Contains(direct, set.Of) || told[set.Of] {
			continue
		}
		if missing := notExcepted(s, h.Survey.Surroundings.Settings, set.Of); missing != "" {
			told[set.Of] = true
			found = append(found, one(Warn, "%s has %s go through a proxy to %s, which no NO_PROXY of the unit names",
				place(set), set.Of, missing)...)
		}
	}
	if found == nil {
		return one(OK, "nothing in the way")
	}
	return found
}
