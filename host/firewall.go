package host

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// FirewalldBus and FirewalldObject are where firewalld answers on the system's bus
// (https://firewalld.org/documentation/man-pages/firewalld.dbus.html).
const (
	FirewalldBus    = "org.fedoraproject.FirewallD1"
	FirewalldObject = "/org/fedoraproject/FirewallD1"
)

// firewalld is the version of the firewalld that runs. The bus is asked, because firewall-cmd
// starts an interpreter first; the bus must not start a firewalld that is off.
func (g gatherer) firewalld(programs map[string]string) string {
	if programs["firewall-cmd"] == "" || programs["busctl"] == "" {
		return ""
	}
	out, err := g.run(g.ctx, "busctl", "--auto-start=no", "get-property", FirewalldBus, FirewalldObject,
		FirewalldBus, "version")
	if err != nil {
		return ""
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ") // s "1.3.3"
	return strings.Trim(version, `"`)
}

// A tcpSocket is one of the kernel's TCP sockets.
type tcpSocket struct {
	port     int
	listens  bool
	loopback bool
}

// sshPorts finds the ports by which people log in. The sshd that systemd has started holds them;
// where systemd itself holds them, the nearest process above this one that has a connection tells
// the port of this session, whatever program it is.
func (g gatherer) sshPorts(self int) []int {
	sockets := g.tcpSockets()
	var ports []int
	processes, _ := filepath.Glob(g.Path("proc/[0-9]*"))
	for _, dir := range processes {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if g.line("proc/"+strconv.Itoa(pid)+"/comm") != "sshd" || g.parent(pid) != 1 {
			continue
		}
		for _, s := range g.socketsOf(pid, sockets) {
			if s.listens && !s.loopback {
				ports = append(ports, s.port)
			}
		}
	}
	for pid := g.parent(self); pid > 1; pid = g.parent(pid) {
		i := slices.IndexFunc(g.socketsOf(pid, sockets), func(s tcpSocket) bool { return !s.listens })
		if i >= 0 {
			ports = append(ports, g.socketsOf(pid, sockets)[i].port)
			break
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// tcpSockets are those of the kernel, by their inodes.
func (g gatherer) tcpSockets() map[string]tcpSocket {
	found := map[string]tcpSocket{}
	for _, table := range []string{"tcp", "tcp6"} {
		for line := range strings.Lines(g.text("proc/net/" + table)) {
			f := strings.Fields(line)
			if len(f) < 10 {
				continue
			}
			if address, port, ok := endpoint(f[1]); ok {
				found[f[9]] = tcpSocket{port, f[3] == tcpListen, address.IsLoopback()}
			}
		}
	}
	return found
}

// socketsOf are the TCP sockets of a process, in the order of its files: a connection that it was
// started with comes first.
func (g gatherer) socketsOf(pid int, all map[string]tcpSocket) []tcpSocket {
	files, err := os.ReadDir(g.Path("proc/" + strconv.Itoa(pid) + "/fd"))
	if err != nil {
		return nil // it ended
	}
	slices.SortFunc(files, func(a, b os.DirEntry) int {
		if len(a.Name()) != len(b.Name()) {
			return len(a.Name()) - len(b.Name())
		}
		return strings.Compare(a.Name(), b.Name())
	})
	var found []tcpSocket
	for _, file := range files {
		target, _ := os.Readlink(g.Path("proc/" + strconv.Itoa(pid) + "/fd/" + file.Name()))
		inode, _ := strings.CutPrefix(strings.TrimSuffix(target, "]"), "socket:[")
		if s, ok := all[inode]; ok {
			found = append(found, s)
		}
	}
	return found
}

// parent is the process that another one came from; 0 when that is not known.
func (g gatherer) parent(pid int) int {
	for line := range strings.Lines(g.text("proc/" + strconv.Itoa(pid) + "/status")) {
		if text, ok := strings.CutPrefix(line, "PPid:"); ok {
			parent, _ := strconv.Atoi(strings.TrimSpace(text))
			return parent
		}
	}
	return 0
}
