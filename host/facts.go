package host

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Facts are what a plan needs to know of a host and what does not change while it runs. A text that
// could not be found is empty, a number zero.
type Facts struct {
	Hostname    string
	Kernel      string // "6.1.0-18-amd64"
	Arch        string // as Go names it: "amd64", "arm64"
	BootID      string // another one means that the host was rebooted
	MachineID   string // /etc/machine-id; the same on two hosts means cloned machines
	ProductUUID string // of the firmware, upper or lower case as found
	// Container is what systemd says that it runs in ("systemd-nspawn", "docker", "lxc"); empty on
	// a machine, real or virtual.
	Container   string
	OS          OS
	CPUs        int
	MemoryBytes int64  // all of it, as the kernel counts
	Swap        bool   // some swap is in use
	Cgroup      int    // 1 or 2
	Systemd     int    // 252
	Glibc       string // "2.36"; empty with another C library
	IPTables    string // "1.8.9 (nf_tables)"; "1.8.4 (legacy)"
	SELinux     string // "enforcing", "permissive" or "disabled"
	// Firewalld is the version of the firewalld that runs; empty when none does.
	Firewalld string
	// UFW reports whether ufw filters packets, now or from the next boot on.
	UFW bool
	// Networkd reports whether systemd-networkd cares for the network, now or from the next boot
	// on.
	Networkd bool
	// SSHPorts are the TCP ports by which people log in: those of sshd, and that of this session.
	SSHPorts   []int
	Interfaces []Interface
	// DefaultRouteInterface is the interface of the default route with the lowest metric.
	DefaultRouteInterface string
	// Programs maps those programs that the host has, of the list in programs, to their paths.
	Programs       map[string]string
	PackageManager string // "apt-get", "dnf" or "yum"
	// ConntrackWritable reports whether nf_conntrack_max can be set. It cannot in most containers,
	// and kube-proxy must then be told to leave it alone.
	ConntrackWritable bool
	// EtcdData reports whether there is a write-ahead log in /var/lib/etcd: this host was a member
	// of some cluster.
	EtcdData bool
	// EtcdBootstrapped is the content of /etc/etcd/bootstrapped, without white space around.
	EtcdBootstrapped string
	// Restoring is the content of RestoringMark, without white space around.
	Restoring string
	// EtcdPeerCN is the common name that the unit of etcd has its member ask of other members;
	// empty when it takes any certificate of the authority.
	EtcdPeerCN string
	// Cluster is the name of the cluster that the host belongs to, by the tool's own mark; empty
	// where there is none, as in clusters that older versions made.
	Cluster string
	// Units are those of the asked units that exist on the host, whoever wrote them, such as
	// "kubelet.service".
	Units []string
	// Encryption are the providers in EncryptionConfig, in their order and without their keys.
	Encryption []Provider
	// Resolv is the resolv.conf(5) that pods may inherit: one with a name server that is not on
	// loopback, such as the one behind systemd-resolved's stub. It is empty when the host has none.
	Resolv string
	// DiskFree is the free space in bytes, for a user, of the file systems that hold "/", "/opt"
	// and "/var/lib".
	DiskFree map[string]int64
	// Time is the host's clock when the facts were gathered, in UTC.
	Time time.Time
}

// OS is the distribution, from os-release(5).
type OS struct {
	ID        string   // "debian", "ubuntu", "rocky"
	VersionID string   // "12", "22.04"
	Name      string   // PRETTY_NAME
	Like      []string // the IDs of the distributions that it is made from, nearest first
}

// Interface is a network interface and its addresses.
type Interface struct {
	Name      string
	Addresses []netip.Prefix // with the length of their network
	MTU       int
	Up        bool
	MAC       string // "08:00:27:00:00:01"; empty when it has none
}

// programs are those whose presence decides how something is done.
var programs = []string{
	"NetworkManager",
	"apt-get", "busctl", "conntrack", "dnf", "ethtool", "firewall-cmd", "haproxy", "ip", "ipset", "iptables",
	"modprobe", "mount", "nft", "socat", "swapoff", "systemctl", "ufw", "useradd", "yum",
}

// Facts reads the facts of the machine, all at the same time, and which of the units it has. It
// starts programs only for what no file tells: the version of iptables, and that of an old systemd.
func (s *System) Facts(ctx context.Context, units ...string) Facts {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	g := gatherer{s.Root, ctx, s.Run}
	f := Facts{
		Arch: runtime.GOARCH,
		CPUs: runtime.NumCPU(),
		Time: time.Now().UTC(),
	}
	f.Programs, f.PackageManager = g.programs()

	var wg sync.WaitGroup
	wg.Go(func() { f.IPTables = g.iptables(f.Programs) })
	wg.Go(func() { f.Firewalld = g.firewalld(f.Programs) })
	wg.Go(func() { f.UFW = g.ufw() })
	wg.Go(func() { f.SSHPorts = g.sshPorts(os.Getpid()) })
	wg.Go(func() { f.Systemd = g.systemd(f.Programs) })
	wg.Go(func() { f.Glibc = g.glibc() })
	wg.Go(func() { f.Interfaces = interfaces() })
	wg.Go(func() {
		f.Hostname, _ = os.Hostname()
		f.Kernel = g.line("proc/sys/kernel/osrelease")
		f.BootID = g.BootID()
		f.MachineID = g.line("etc/machine-id")
		f.ProductUUID = g.line("sys/class/dmi/id/product_uuid")
		f.Container = g.line("run/systemd/container")
		f.OS = g.os()
		f.MemoryBytes = g.memory()
		f.Swap = strings.Count(g.text("proc/swaps"), "\n") > 1 // the first line is the heading
		f.Cgroup = g.cgroup()
		f.SELinux = g.selinux()
		f.DefaultRouteInterface = g.defaultRoute()
		f.ConntrackWritable = g.conntrackWritable(f.Container != "")
		f.EtcdData = g.HasLog("var/lib/etcd")
		f.EtcdBootstrapped = strings.TrimSpace(g.text("etc/etcd/bootstrapped"))
		f.Restoring = g.line(RestoringMark)
		f.EtcdPeerCN = g.etcdPeerCN()
		f.Cluster = g.line(ClusterMark)
		f.Units = g.units(units)
		f.Encryption = g.providers()
		f.Resolv = g.resolv()
		f.Networkd = g.Exists("/run/systemd/netif/state") ||
			g.Exists("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service")
		f.DiskFree = g.diskFree("/", "/opt", "/var/lib")
	})
	wg.Wait()
	return f
}

// interfaces lists the network interfaces in the order of the kernel.
func interfaces() []Interface {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	found := make([]Interface, 0, len(all))
	for _, i := range all {
		addresses, _ := i.Addrs()
		entry := Interface{Name: i.Name, MTU: i.MTU, Up: i.Flags&net.FlagUp != 0, MAC: i.HardwareAddr.String()}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				entry.Addresses = append(entry.Addresses, prefix)
			}
		}
		found = append(found, entry)
	}
	return slices.Clip(found)
}
