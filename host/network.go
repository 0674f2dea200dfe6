package host

import (
	"context"
	"encoding/hex"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Network is how a host sends packets on, for whoever wants to know why they do not arrive.
type Network struct {
	Forward string   // net.ipv4.ip_forward
	Filter  string   // net.ipv4.conf.all.rp_filter
	Devices []Device // without the ends of pods
	Routes  []Route
	// Drops are rules of the packet filter that drop or refuse packets, with the table in front,
	// but for those in chains whose names begin as Kubernetes' do.
	Drops []string
	// Chains are the targets of the rules in the chain FORWARD of the table filter.
	Chains []string
	Disks  []DiskUse
}

// Device is an interface of the network.
type Device struct {
	Name    string
	MTU     int
	Up      bool
	Forward string // net.ipv4.conf.NAME.forwarding
}

// Route is a line of the routing table.
type Route struct {
	To     netip.Prefix
	Via    netip.Addr // not valid where there is none
	Device string
}

// String is the route as `ip route` shows it.
func (r Route) String() string {
	text := r.To.String()
	if r.To.Bits() == 0 {
		text = "default"
	}
	if r.Via.IsValid() && !r.Via.IsUnspecified() {
		text += " via " + r.Via.String()
	}
	return text + " dev " + r.Device
}

// DiskUse is how full the file system of a directory is.
type DiskUse struct {
	Path        string
	Free, Total int64 // bytes
}

// Network looks at how packets go on from the host. What cannot be read is left out.
func (s *System) Network(ctx context.Context, dirs []string) Network {
	n := Network{
		Forward: s.line("/proc/sys/net/ipv4/ip_forward"), Filter: s.line("/proc/sys/net/ipv4/conf/all/rp_filter"),
		Devices: s.devices(), Routes: readRoutes(s.text("/proc/net/route")),
	}
	// A program that waits for others to leave the tables (-w) may wait for ever.
	if rules, err := s.Run(ctx, "iptables-save"); err == nil {
		n.Drops, n.Chains = readRules(string(rules))
	}
	n.Disks = s.diskUse(dirs)
	return n
}

// devices are the interfaces of the host, but for the ends of pods.
func (s *System) devices() []Device {
	paths, _ := filepath.Glob(s.Path("/sys/class/net/*/mtu")) // the pattern is a good one
	var devices []Device
	for _, path := range paths {
		name := filepath.Base(filepath.Dir(path))
		if strings.HasPrefix(name, "veth") {
			continue
		}
		mtu, _ := strconv.Atoi(s.line("/sys/class/net/" + name + "/mtu")) // 0 where the kernel does not tell
		flags, _ := strconv.ParseUint(s.line("/sys/class/net/"+name+"/flags"), 0, 32)
		devices = append(devices, Device{
			Name: name, MTU: mtu, Up: flags&uint64(net.FlagUp) != 0,
			Forward: s.line("/proc/sys/net/ipv4/conf/" + name + "/forwarding"),
		})
	}
	return devices
}

// readRoutes reads the kernel's table: a line each, with addresses in hex, the last byte first.
func readRoutes(table string) []Route {
	var routes []Route
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 8 || f[0] == "Iface" {
			continue
		}
		to, via, mask := readAddress(f[1]), readAddress(f[2]), readAddress(f[7])
		if !to.IsValid() || !mask.IsValid() {
			continue
		}
		bits, _ := net.IPMask(mask.AsSlice()).Size()
		routes = append(routes, Route{To: netip.PrefixFrom(to, bits), Via: via, Device: f[0]})
	}
	return routes
}

func readAddress(text string) netip.Addr {
	bytes, err := hex.DecodeString(text)
	if err != nil || len(bytes) != 4 {
		return netip.Addr{}
	}
	slices.Reverse(bytes)
	address, _ := netip.AddrFromSlice(bytes) // four bytes are an address
	return address
}

// ownRules are the beginnings of the names of chains that belong to the cluster.
var ownRules = []string{"KUBE-", "FLANNEL-", "CNI-", "DOCKER"}

// maxDrops is how many rules are told of. A host that blocks whole lists of addresses has
// thousands.
const maxDrops = 50

// readRules finds in the output of iptables-save what drops packets, and where forwarded ones go.
func readRules(saved string) (drops, chains []string) {
	table := ""
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "*"); ok {
			table = name
			continue
		}
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		chain, isChain := strings.CutPrefix(f[0], ":")
		if isChain && f[1] == "DROP" {
			drops = append(drops, table+": the policy of "+chain+" is DROP")
		}
		at := slices.Index(f, "-j") + 1
		if f[0] != "-A" || at == 0 || at == len(f) {
			continue
		}
		if table == "filter" && f[1] == "FORWARD" {
			chains = append(chains, f[at])
		}
		isOwn := slices.ContainsFunc(ownRules, func(p string) bool { return strings.HasPrefix(f[1], p) })
		if !isOwn && (f[at] == "DROP" || f[at] == "REJECT") {
			drops = append(drops, table+": "+line)
		}
	}
	return drops[:min(len(drops), maxDrops)], chains
}
