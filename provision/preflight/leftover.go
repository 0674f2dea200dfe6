package preflight

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// collides reports whether a socket of another process keeps one of ours from its port.
func collides(ours component.Port, p host.Port, cluster netip.Addr) bool {
	if p.Network != ours.Network || p.Number != ours.Number {
		return false
	}
	if p.Address.IsUnspecified() || !ours.Loopback && !ours.Address {
		return true
	}
	return ours.Loopback && p.Address == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || ours.Address && p.Address == cluster
}

// ours reports whether the tool put there what holds a port.
func (h Host) ours(p host.Port) bool {
	if strings.HasPrefix(p.Path, "/opt/kbootstrap/") || p.Unit != "" && h.own(p.Unit) {
		return true
	}
	// A tunnel is the kernel's; a VXLAN stays when flanneld stops.
	return p.PID == 0 && p.Network == "udp" && slices.ContainsFunc(h.Survey.Tunnels, component.IsOwnInterface)
}

func ports(s Scene, h Host) []Finding {
	var found []Finding
	for _, l := range component.Listeners(s.Cluster, h.Host) {
		f := Finding{ID: "Port-" + strconv.Itoa(l.Number), Level: OK, Evidence: "free for " + l.By}
		for _, p := range h.Survey.Ports {
			if !collides(l, p, h.Address) {
				continue
			}
			// The socket of a process that is just ending has no owner; a controller that has
			// lost its API server ends.
			if h.ours(p) || p.PID == 0 && p.Network == "tcp" && h.own(l.By+".service") {
				f.Evidence = "held by our " + cmp.Or(p.Program, l.By)
				continue
			}
			f.Level, f.Evidence = Fail, fmt.Sprintf(
				"%s/%d, which %s needs, is held by %s", l.Network, l.Number, l.By, who(p),
			)
			if p.Unit != "" {
				f.Hint = "systemctl disable --now " + p.Unit
			}
			break
		}
		found = append(found, f)
	}
	return found
}

// who names the holder of a port.
func who(p host.Port) string {
	switch {
	case p.PID == 0:
		return "the kernel (a tunnel of another network, or a process in another container)"
	case p.Unit != "":
		return fmt.Sprintf("%s (pid %d, %s)", p.Program, p.PID, p.Unit)
	}
	return fmt.Sprintf("%s (pid %d, %s)", p.Program, p.PID, cmp.Or(p.Path, "no executable"))
}

// runtimes are the container runtimes that others install.
var runtimes = []string{"docker.service", "containerd.service", "crio.service"}

func containerRuntime(_ Scene, h Host) []Finding {
	var found []Finding
	for _, name := range runtimes {
		if u, _ := h.unit(name); u.Active && !h.own(name) {
			found = append(found, one(Warn, "%s runs (pid %d) from %s", name, u.PID, u.Path)...)
		}
	}
	if found == nil {
		return one(OK, "none")
	}
	return found
}

// podNetwork judges what would keep pods from starting, on a host where our network is not yet.
func podNetwork(_ Scene, h Host) []Finding {
	if h.own("flanneld.service") {
		return one(OK, "ours") // what differs is in the plan
	}
	var found []Finding
	for _, i := range h.Facts.Interfaces {
		at := slices.IndexFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() })
		if i.Name != api.Bridge || at < 0 {
			continue
		}
		if ports := h.Survey.Bridges[i.Name]; len(ports) > 0 {
			found = append(found, one(Fail, "the bridge %s has %s and carries %s, of containers of another program",
				i.Name, i.Addresses[at], strings.Join(ports, ", "))...)
			continue
		}
		found = append(found, one(Warn, "an earlier installer left the bridge %s with %s; `up` deletes it",
			i.Name, i.Addresses[at])...)
	}
	if h.Survey.Taken > 0 {
		found = append(found, one(Warn, "%s holds %d addresses for containers of an earlier installer; `up` frees "+
			"those that it needs", api.TakenDir, h.Survey.Taken)...)
	}
	if found == nil {
		return one(OK, "nothing left")
	}
	return found
}

// clusters are the services of Kubernetes by the names that ours have. The timer of backups and
// what it starts have names of our own, and no process to tell by.
func clusters() []string {
	return slices.DeleteFunc(component.Units(), func(name string) bool {
		return slices.Contains(runtimes, name) || slices.Contains(component.BackupUnits(), name)
	})
}

func foreignCluster(s Scene) []Finding {
	var found []Finding
	fail := func(hint string, hosts []string, format string, args ...any) {
		found = append(found, Finding{Level: Fail, Hosts: hosts, Evidence: fmt.Sprintf(format, args...), Hint: hint})
	}
	for _, h := range s.Hosts {
		before, host := len(found), []string{h.Name}
		for _, name := range clusters() {
			if u, _ := h.unit(name); u.Active && !h.own(name) {
				fail("", host, "%s runs (pid %d) from %s", name, u.PID, u.Path)
			}
		}
		found = append(found, otherInstallers(h)...)
		if mark := h.Facts.EtcdBootstrapped; mark != "" && mark != component.EtcdToken(s.Cluster) {
			fail("run `kbootstrap reset` with the inventory of that cluster, or use the right inventory here",
				host, "/etc/etcd/bootstrapped says that this host is a member of %s%s",
				component.ClusterOf(mark), inBrackets(h.Survey.Etcd))
		}
		if a := h.Survey.Authority; a != nil && s.CA.Key != "" && !a.Shares(s.CA) {
			hint := "copy the directory .kbootstrap/" + s.Cluster.Name + " from the machine that made the cluster; " +
				"or reset the hosts"
			fail(hint, host, "%s (%s, key %s…) is not the authority of this inventory (key %s…)",
				a.Path, a.Subject, short(a.Key), short(s.CA.Key))
		}
		if len(found) == before {
			found = append(found, Finding{Level: OK, Hosts: host, Evidence: "none"})
		}
	}
	// Members of one cluster have one cluster ID.
	members := map[string][]string{}
	var ids []string
	for _, h := range s.Hosts {
		if id := h.Survey.Etcd.ClusterID; h.Has(inventory.Etcd) && id != "" {
			if members[id] == nil {
				ids = append(ids, id)
			}
			members[id] = append(members[id], h.Name)
		}
	}
	if len(ids) > 1 {
		var hosts, texts []string
		for _, id := range ids {
			hosts = append(hosts, members[id]...)
			texts = append(texts, fmt.Sprintf("%s of cluster %s", strings.Join(members[id], ", "), id))
		}
		fail("find out which data is needed, and move the rest away",
			hosts, "the hosts have data of several etcd clusters: %s", strings.Join(texts, "; "))
	}
	return found
}

func short(key string) string { return key[:min(12, len(key))] }

// inBrackets is what is known of the data.
func inBrackets(data host.EtcdData) string {
	if data.ClusterID == "" {
		return ""
	}
	return fmt.Sprintf(
		" (etcd cluster %s, member %s, last written %s)", data.ClusterID, data.MemberID,
		data.Modified.Format(time.DateTime),
	)
}

func staleEtcdData(s Scene, h Host) []Finding {
	if !h.Has(inventory.Etcd) {
		return nil
	}
	data := h.Survey.Etcd
	entries := slices.DeleteFunc(slices.Clone(data.Entries), func(name string) bool { return name == "lost+found" })
	switch {
	case len(entries) == 0:
		return one(OK, "none")
	case h.Facts.EtcdBootstrapped != "":
		return one(OK, "a member%s", inBrackets(data)) // of another cluster: ForeignCluster says so
	case h.own("etcd.service"):
		// The mark is written when a quorum was seen. Before that, our unit is the sign that the
		// data is ours.
		return one(OK, "a member whose first start was cut off%s", inBrackets(data))
	}
	return one(Fail, "/var/lib/etcd holds %s%s, and no mark says that this data belongs to cluster %s",
		strings.Join(entries, ", "), inBrackets(data), s.Cluster.Name)
}
