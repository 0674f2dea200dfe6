package host

import (
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Port is a socket that takes connections or datagrams, and who holds it.
type Port struct {
	Network string     // "tcp" or "udp"
	Address netip.Addr // unspecified when it is all of the host's
	Number  int
	PID     int    // 0 when no process does: the kernel itself, as for a VXLAN
	Program string // the process's name, as ps shows it
	Path    string // of its executable
	Unit    string // the unit of systemd that it belongs to, if any
	inode   string
}

// tcpListen is the state of a listening socket in /proc/net/tcp.
const tcpListen = "0A"

// ports finds who holds the ports, in the tables of the kernel and then among the open files of all
// processes.
func (s surveyor) ports(tcp, udp []int) []Port {
	var held []Port
	for _, table := range []struct {
		network, name string
		wanted        []int
	}{{"tcp", "tcp", tcp}, {"tcp", "tcp6", tcp}, {"udp", "udp", udp}, {"udp", "udp6", udp}} {
		if len(table.wanted) == 0 {
			continue
		}
		for line := range strings.Lines(s.sockets(table.name)) {
			p, ok := socket(table.network, line)
			if ok && slices.Contains(table.wanted, p.Number) {
				held = append(held, p)
			}
		}
	}
	if len(held) == 0 {
		return nil
	}
	s.holders(held)
	slices.SortFunc(held, func(a, b Port) int {
		if a.Network != b.Network {
			return strings.Compare(a.Network, b.Network)
		}
		return a.Number - b.Number
	})
	return held
}

// sockets is a table of the kernel's sockets. The kernel goes through all that there is room for to
// write it, so that within one look it is read once.
func (s surveyor) sockets(table string) string {
	type question struct{ table string }
	text, _ := Once(s.ctx, question{table}, func() (string, error) { return s.text("proc/net/" + table), nil })
	return text
}

// socket reads a line of /proc/net/tcp or its like: number, local and remote address, state, …, and
// the inode at the tenth place. Only a socket without a peer counts.
func socket(network, line string) (Port, bool) {
	f := strings.Fields(line)
	if len(f) < 10 || network == "tcp" && f[3] != tcpListen {
		return Port{}, false
	}
	address, number, ok := endpoint(f[1])
	if _, peer, _ := strings.Cut(f[2], ":"); !ok || peer != "0000" {
		return Port{}, false
	}
	return Port{Network: network, Address: address, Number: number, inode: f[9]}, true
}

// endpoint reads an address and a port as the tables of the kernel have them.
func endpoint(text string) (address netip.Addr, number int, ok bool) {
	host, port, ok := strings.Cut(text, ":")
	if !ok {
		return netip.Addr{}, 0, false
	}
	value, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.Addr{}, 0, false
	}
	// Groups of four bytes, each in the byte order of the machine, which is little-endian on all
	// that we support.
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		return netip.Addr{}, 0, false
	}
	for group := range slices.Chunk(raw, 4) {
		slices.Reverse(group)
	}
	address, ok = netip.AddrFromSlice(raw)
	return address.Unmap(), int(value), ok
}

// holders finds the processes that hold the sockets.
func (s surveyor) holders(held []Port) {
	processes, _ := filepath.Glob(s.Path("proc/[0-9]*"))
	for _, dir := range processes {
		if s.ctx.Err() != nil {
			return
		}
		files, err := os.ReadDir(filepath.Join(dir, "fd"))
		if err != nil {
			continue // it ended
		}
		for _, file := range files {
			target, err := os.Readlink(filepath.Join(dir, "fd", file.Name()))
			if err != nil {
				continue
			}
			inode, ok := strings.CutPrefix(target, "socket:[")
			if !ok {
				continue
			}
			for i := range held {
				if held[i].inode == strings.TrimSuffix(inode, "]") && held[i].PID == 0 {
					s.process(filepath.Base(dir), &held[i])
				}
			}
		}
	}
}

// process fills in who the process is.
func (s surveyor) process(pid string, p *Port) {
	p.PID, _ = strconv.Atoi(pid)
	p.Program = s.line("proc/" + pid + "/comm")
	p.Path, _ = os.Readlink(s.Path("proc/" + pid + "/exe"))
	p.Unit = unitOf(s.text("proc/" + pid + "/cgroup"))
}

// unitOf takes the unit from /proc/PID/cgroup, whose lines are "0::/system.slice/etcd.service" or,
// in cgroup v1, "1:name=systemd:/system.slice/etcd.service".
func unitOf(cgroups string) string {
	for line := range strings.Lines(cgroups) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 || parts[1] != "" && parts[1] != "name=systemd" {
			continue
		}
		for part := range strings.SplitSeq(parts[2], "/") {
			if strings.HasSuffix(part, ".service") {
				return part
			}
		}
	}
	return ""
}

// tunnels are the interfaces that hold a UDP port in the kernel.
func (s surveyor) tunnels() []string {
	var names []string
	files, _ := filepath.Glob(s.Path("sys/class/net/*/uevent"))
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		kind := s.text("sys/class/net/" + name + "/uevent")
		if strings.Contains(kind, "DEVTYPE=vxlan") || strings.Contains(kind, "DEVTYPE=wireguard") {
			names = append(names, name)
		}
	}
	return names
}

// bridges lists the ports of the bridges.
func (s surveyor) bridges() map[string][]string {
	found := map[string][]string{}
	dirs, _ := filepath.Glob(s.Path("sys/class/net/*/bridge"))
	for _, dir := range dirs {
		name := filepath.Base(filepath.Dir(dir))
		found[name] = nil
		ports, _ := filepath.Glob(s.Path("sys/class/net/" + name + "/brif/*"))
		for _, port := range ports {
			found[name] = append(found[name], filepath.Base(port))
		}
	}
	return found
}

// taken counts the files that are named by an address.
func (s surveyor) taken(dir string) int {
	entries, err := os.ReadDir(s.Path(dir))
	if err != nil || dir == "" {
		return 0
	}
	n := 0
	for _, e := range entries {
		if _, err := netip.ParseAddr(e.Name()); err == nil {
			n++
		}
	}
	return n
}
