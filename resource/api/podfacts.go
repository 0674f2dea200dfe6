package api

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/host/netns"
)

// podFacts is what is to agree of the network of a host's pods.
type podFacts struct {
	// What the API says of the node.
	subnet                netip.Prefix
	publicIP, backendData string
	backendType           string

	lease  string // FLANNEL_SUBNET of /run/flannel/subnet.env: the address of the bridge
	config string // the subnet in the CNI configuration; "" when it has none

	bridge, vtep          *netns.NetLink // cni0 and flannel.1; nil when there is none
	bridgeNets, vtepNets  []netip.Prefix
	ports                 []netns.NetLink // of the bridge
	pods                  []podOnHost
	addresses, leftBehind int      // how many addresses of the subnet are taken, and how many of them by no container
	leftFiles             []string // that hold the latter
}

// podOnHost is a pod that runs, and how it is on the network.
type podOnHost struct {
	netns.Sandbox
	name      string // of the pod; its UID when the name is not known
	peer      int    // the host's end of its veth
	addresses []netip.Prefix
}

// Bridge is the interface that the pods of a host are on.
const Bridge = "cni0"

// TakenDir is where host-local notes which container has which address. Its last element is the
// name of the network in the CNI configuration.
const TakenDir = "/var/lib/cni/networks/cbr0"

const (
	vtepName   = "flannel.1" // 1 is flannel's VNI
	subnetFile = "/run/flannel/subnet.env"
)

// lookAtPods looks at the host.
func lookAtPods(sys *host.System, subnet netip.Prefix, config string) (podFacts, error) {
	f := podFacts{subnet: subnet}
	f.lease = shellValue(readOrEmpty(sys, subnetFile), "FLANNEL_SUBNET")
	f.config = subnetOf(readOrEmpty(sys, config))
	links, err := netns.NetLinks()
	if err != nil {
		return f, err
	}
	for _, l := range links {
		switch l.Name {
		case Bridge:
			f.bridge, f.bridgeNets = &l, netns.AddressesOf(l.Name)
		case vtepName:
			f.vtep, f.vtepNets = &l, netns.AddressesOf(l.Name)
		}
	}
	for _, l := range links {
		if f.bridge != nil && l.Master == f.bridge.Index {
			f.ports = append(f.ports, l)
		}
	}
	containers, err := netns.FindContainers(sys)
	if err != nil {
		return f, err
	}
	for _, s := range containers.Sandboxes {
		link, addresses, err := s.LinkOf(sys)
		if err != nil {
			continue // it is starting, and has no interface yet, or it is ending
		}
		f.pods = append(f.pods, podOnHost{
			Sandbox: s, name: nameOfPod(sys, s.Pod), peer: link.Peer, addresses: addresses,
		})
	}
	f.countTaken(sys, containers.IDs)
	return f, nil
}

// nameOfPod is the name of a pod by its UID, as the kubelet's directory of logs has it.
func nameOfPod(sys *host.System, uid string) string {
	dirs, err := filepath.Glob(sys.Path("/var/log/pods/*_" + uid))
	if err != nil || len(dirs) == 0 {
		return "pod " + uid
	}
	namespace, rest, _ := strings.Cut(filepath.Base(dirs[0]), "_")
	return "pod " + namespace + "/" + strings.TrimSuffix(rest, "_"+uid)
}

// readOrEmpty is the content of a file, or nothing when it cannot be read.
func readOrEmpty(sys *host.System, name string) string {
	data, err := os.ReadFile(sys.Path(name))
	if err != nil {
		return ""
	}
	return string(data)
}

// shellValue is the value of a line NAME=VALUE.
func shellValue(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return value
		}
	}
	return ""
}

// subnetOf is the subnet that a CNI configuration of ours has the plugin host-local give addresses
// of.
func subnetOf(text string) string {
	var list struct {
		Plugins []struct {
			IPAM struct {
				Ranges [][]struct{ Subnet string }
			}
		}
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return "" // a file that is half of one has no subnet
	}
	for _, p := range list.Plugins {
		for _, set := range p.IPAM.Ranges {
			for _, r := range set {
				return r.Subnet
			}
		}
	}
	return ""
}

// fresh is how long an address may be taken before its container has a process.
const fresh = 30 * time.Second

var containerID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// countTaken counts the addresses that host-local has given away, and those whose container has no
// process any more.
func (f *podFacts) countTaken(sys *host.System, alive map[string]bool) {
	type taken struct {
		path  string
		known bool // it is the ID of a container, which may be starting
		fresh bool
	}
	var dead []taken
	entries, err := os.ReadDir(sys.Path(TakenDir))
	if err != nil {
		return // no pod has ever had an address
	}
	for _, e := range entries {
		address, err := netip.ParseAddr(e.Name())
		if err != nil || !f.subnet.Contains(address) {
			continue
		}
		f.addresses++
		path := filepath.Join(TakenDir, e.Name())
		id, _, _ := strings.Cut(strings.TrimSpace(readOrEmpty(sys, path)), "\r")
		id, _, _ = strings.Cut(id, "\n")
		if alive[id] {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it was given back
		}
		dead = append(dead, taken{path, containerID.MatchString(id), time.Since(info.ModTime()) < fresh})
	}
	for _, t := range dead {
		// When every address is taken, no container is being started with one.
		if !t.known || !t.fresh || f.isExhausted() {
			f.leftFiles = append(f.leftFiles, t.path)
		}
	}
	f.leftBehind = len(f.leftFiles)
}

// isExhausted reports whether no address is left for a new pod: the first, the last and that of the
// bridge are not given away.
func (f *podFacts) isExhausted() bool { return f.addresses >= 1<<(32-f.subnet.Bits())-3 }
