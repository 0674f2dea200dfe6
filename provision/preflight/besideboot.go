package preflight

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/host"
)

// bootSettings finds what would be otherwise after a boot.
func bootSettings(_ Scene, h Host) []Finding {
	var found []Finding
	for _, set := range h.Survey.Beside.Settings {
		switch {
		case set.Of == host.SettingSysctl && set.Late:
			found = append(found, one(Fail, "%s sets %s = %s, and comes after the tool's own file at each boot",
				place(set), set.Name, set.Value)...)
		case set.Of == host.SettingSysctl && isLastOfAll(set.Path):
			found = append(found, one(Warn, "%s sets %s = %s, which counts again when somebody runs sysctl --system",
				place(set), set.Name, set.Value)...)
		case set.Of == host.SettingModule && set.Group == "install":
			found = append(found, one(Fail, "%s runs another program in place of loading the module %s",
				place(set), set.Name)...)
		case set.Of == host.SettingModule:
			found = append(found, one(Fail, "%s keeps the module %s from being loaded at boot",
				place(set), set.Name)...)
		case slices.Contains(bootUnits, set.Of) && set.Name == host.NameMask:
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
// packet must pass every chain of its hook. The chains of iptables are theirs too: they put their
// rules before the policy.
func packetFilter(_ Scene, h Host) []Finding {
	var found []Finding
	for _, c := range h.Survey.Beside.Chains {
		forward := c.Hook == host.HookForward
		switch name := fmt.Sprintf("the chain %s of the table %s", c.Name, c.Table); {
		case c.Table == "ip filter" && c.Name == "FORWARD":
			continue
		case c.All && forward:
			found = append(found, one(Fail, "%s drops every packet that is forwarded, so pods reach nobody", name)...)
		case c.All:
			found = append(found, one(Fail, "%s drops every packet to this host", name)...)
		case forward:
			found = append(found, one(Warn, "%s drops what its rules do not accept of what pods send and receive", name)...)
		default:
			found = append(found, one(Warn, "%s drops what its rules do not accept of what is sent to this host", name)...)
		}
	}
	if found == nil {
		return one(OK, "no chain drops by its policy")
	}
	return found
}

// serviceEnvironment finds proxies between the parts of the cluster, and code that every program of
// the host loads.
func serviceEnvironment(s Scene, h Host) []Finding {
	var found []Finding
	for _, library := range h.Survey.Beside.Preload {
		found = append(found, one(Warn, "/etc/ld.so.preload has every program of the host load %s", library)...)
	}
	direct := directUnits(s, h)
	told := map[string]bool{}
	for _, set := range h.Survey.Beside.Settings {
		isProxy := slices.Contains([]string{"http_proxy", "https_proxy", "all_proxy"}, strings.ToLower(set.Name))
		if set.Group != host.GroupEnvironment || !isProxy || !slices.Contains(direct, set.Of) || told[set.Of] {
			continue
		}
		if missing := notExcepted(s, h.Survey.Beside.Settings, set.Of); missing != "" {
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
