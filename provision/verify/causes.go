package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// rules are the known causes, those first that explain most.
var rules = []func(clues) []Cause{
	hostsAway, stoppedServices, cordonedNodes, pressedNodes, fullDisks, noForwarding, lostRoutes, missingDevice,
	wrongMTU, dropRules, lostPolicies, noNameServers,
}

// maxCauses is how many causes are told: one thing that is wrong shows in many places.
const maxCauses = 4

// causesOf returns the known causes that the clues show.
func causesOf(c clues) []Cause {
	var found []Cause
	for _, rule := range rules {
		for _, cause := range rule(c) {
			if !slices.Contains(found, cause) {
				found = append(found, cause)
			}
		}
	}
	return found[:min(len(found), maxCauses)]
}

// isAbout reports whether the check is one of these.
func (c clues) isAbout(names ...string) bool { return slices.Contains(names, c.check.Name) }

// network are the checks whose packets go from host to host.
var network = []string{"dns", "pods", "services", "nodeports", "guestbook", "rollout", "policy", "variables", "logs",
	"ingress"}

// hostsAway are the hosts that neither the tool nor the API hears of.
func hostsAway(c clues) []Cause {
	var found []Cause
	for _, name := range c.away {
		if status, _ := c.nodes[name].condition("Ready"); status != "True" {
			found = append(found, Cause{
				name, "the host is off, or away from the network: neither SSH nor its kubelet answers",
				"start the host; if it is lost for good, see `kbootstrap reset --limit " + name + "`",
			})
		}
	}
	return found
}

// stoppedServices are the services whose work the check is. Of the others it is shown that they do
// not run, and not said that it is because of them.
func stoppedServices(c clues) []Cause {
	var found []Cause
	for _, h := range c.hosts {
		for _, unit := range h.Stopped {
			if slices.Contains(c.check.Units, unit) {
				found = append(found, Cause{
					h.Name, unit + " does not run",
					"`kbootstrap up` starts it; journalctl -u " + unit + " on " + h.Name + " says why it ended",
				})
			}
		}
	}
	return found
}

func cordonedNodes(c clues) []Cause {
	var found []Cause
	for _, h := range c.cluster.Hosts {
		if c.isAbout("nodes", "schedule", "placement", "rollout", "scale") && c.nodes[h.Name].Spec.Unschedulable {
			found = append(found, Cause{h.Name, "the node is cordoned", "kubectl uncordon " + h.Name})
		}
	}
	return found
}

// pressures are the conditions under which a kubelet takes no pods.
var pressures = []string{"MemoryPressure", "DiskPressure", "PIDPressure"}

func pressedNodes(c clues) []Cause {
	var found []Cause
	for _, h := range c.cluster.Hosts {
		for _, pressure := range pressures {
			if status, message := c.nodes[h.Name].condition(pressure); status == "True" {
				found = append(found, Cause{
					h.Name, "the kubelet takes no pods: " + pressure + ": " + message,
					"make room; the kubelet takes pods again five minutes after that",
				})
			}
		}
	}
	return found
}

// fullDisks are below what kubelets want to be free before they refuse pods: a tenth for their own
// files.
func fullDisks(c clues) []Cause {
	var found []Cause
	for _, h := range c.hosts {
		for _, d := range h.Network.Disks {
			if d.Total > 0 && d.Free < d.Total/10 {
				found = append(found, Cause{
					h.Name, fmt.Sprintf("the disk of %s is full: %d%% are free", d.Path, d.Free*100/d.Total),
					"make room on the disk; the kubelet takes pods again some minutes later",
				})
			}
		}
	}
	return found
}

// noForwarding looks at the host, and at the interfaces of pods. That a value is 1 now says little:
// the bridge plugin sets that of the host whenever a pod starts.
func noForwarding(c clues) []Cause {
	var found []Cause
	over, _ := overlay(c.cluster)
	for _, h := range c.hosts {
		setting := ""
		for _, d := range h.Network.Devices {
			if (d.Name == over || d.Name == "cni0") && d.Forward == "0" {
				setting = "net.ipv4.conf." + d.Name + ".forwarding"
			}
		}
		if h.Network.Forward == "0" {
			setting = "net.ipv4.ip_forward"
		}
		if setting != "" && c.isAbout(network...) {
			found = append(found, Cause{
				h.Name, "the host forwards no packets: " + setting + " is 0",
				"`kbootstrap up` sets net.ipv4.ip_forward; look for who sets it to 0: sysctl.d, a firewall, tuned",
			})
		}
	}
	return found
}

// lostRoutes are the pods of other hosts to which there is no way but the default one.
func lostRoutes(c clues) []Cause {
	var found []Cause
	for _, h := range c.hosts {
		for _, other := range c.cluster.Hosts {
			pods, err := netip.ParsePrefix(c.nodes[other.Name].Spec.PodCIDR)
			if err != nil || !c.isAbout(network...) || other.Name == h.Name || len(h.Network.Routes) == 0 {
				continue
			}
			// Some backends have one route for the pods of all hosts.
			leads := func(r host.Route) bool {
				return r.To.Bits() >= c.cluster.Network.Pods.Bits() && r.To.Contains(pods.Addr())
			}
			if !slices.ContainsFunc(h.Network.Routes, leads) {
				found = append(found, Cause{
					h.Name, fmt.Sprintf("the host has no route to the pods of %s, %s", other.Name, pods),
					"systemctl restart flanneld on " + h.Name + " makes it again",
				})
			}
		}
	}
	return found
}

// overlay is the interface of the network of pods, and how much each of its packets grows by.
func overlay(c *inventory.Cluster) (device string, overhead int) {
	if c.Network.Flannel.Backend == inventory.VXLAN {
		return "flannel.1", 50
	}
	return "", 0
}

func (h hostState) device(name string) (host.Device, bool) {
	i := slices.IndexFunc(h.Network.Devices, func(d host.Device) bool { return d.Name == name })
	if i < 0 {
		return host.Device{}, false
	}
	return h.Network.Devices[i], true
}

func missingDevice(c clues) []Cause {
	var found []Cause
	name, _ := overlay(c.cluster)
	for _, h := range c.hosts {
		d, ok := h.device(name)
		if name == "" || ok && d.Up || len(h.Network.Devices) == 0 || !c.isAbout(network...) {
			continue
		}
		found = append(found, Cause{
			h.Name, "the interface " + name + " is not there or is down", "systemctl restart flanneld on " + h.Name,
		})
	}
	return found
}

// wrongMTU finds an overlay whose packets are too large for the interface below it: the one by
// which the host's other routes to the cluster go.
func wrongMTU(c clues) []Cause {
	var found []Cause
	name, overhead := overlay(c.cluster)
	for _, h := range c.hosts {
		over, ok := h.device(name)
		below, has := h.device(h.below())
		if !ok || !has || !c.isAbout(network...) || over.MTU+overhead <= below.MTU {
			continue
		}
		found = append(found, Cause{
			h.Name, fmt.Sprintf("packets of pods are too large: %s has MTU %d, and %s below it %d, which leaves %d",
				over.Name, over.MTU, below.Name, below.MTU, below.MTU-overhead),
			"give the interfaces of all hosts the same MTU, and restart flanneld on " + h.Name,
		})
	}
	return found
}

// below is the interface of the network that the host's address is in.
func (h hostState) below() string {
	name, bits := "", -1
	for _, r := range h.Network.Routes {
		if r.To.Contains(h.Address) && r.To.Bits() > bits {
			name, bits = r.Device, r.To.Bits()
		}
	}
	return name
}

// dropRules are rules of others that hit what the cluster sends: its port of the overlay, or its
// networks. A rule that names none of these is shown, and nothing is said of it.
func dropRules(c clues) []Cause {
	n := c.cluster.Network
	marks := []string{n.Pods.String(), n.Services.String(), "flannel.1", "cni0"}
	for _, port := range []int{n.Flannel.Port, n.APIPort, 53} {
		marks = append(marks, "port "+strconv.Itoa(port)+" ")
	}
	var found []Cause
	for _, h := range c.hosts {
		for _, rule := range h.Network.Drops {
			hits := strings.Contains(rule, "the policy of FORWARD")
			for _, mark := range marks {
				hits = hits || strings.Contains(rule+" ", mark)
			}
			if hits && c.isAbout(network...) {
				found = append(found, Cause{
					h.Name, "a rule of the packet filter drops packets of the cluster: " + rule,
					"take the rule away, or let through what docs/preflight.md lists under ports",
				})
			}
		}
	}
	return found
}

// lostPolicies finds a host whose forwarded packets are not shown to kube-router.
func lostPolicies(c clues) []Cause {
	var found []Cause
	for _, h := range c.hosts {
		isSeen := len(h.Network.Devices) > 0
		if c.isAbout("policy") && isSeen && !slices.Contains(h.Network.Chains, "KUBE-ROUTER-FORWARD") {
			found = append(found, Cause{
				h.Name, "the packet filter does not have the rules of kube-router",
				"systemctl restart kube-router on " + h.Name,
			})
		}
	}
	return found
}

// noNameServers is told by the check itself, in a failure about the cluster.
func noNameServers(c clues) []Cause {
	for _, f := range c.failures {
		if c.isAbout("dns") && f.Host == "" && strings.HasPrefix(f.Text, "no replica of the cluster DNS") {
			return []Cause{{
				"", f.Text, "kubectl -n kube-system describe deployment coredns; `kbootstrap up` puts it right",
			}}
		}
	}
	return nil
}
