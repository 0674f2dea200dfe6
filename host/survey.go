package host

import (
	"context"
	"net/netip"
	"os"
	"sync"

	"kbootstrap/host/surroundings"
)

// SurveyQuery says what a Survey is to look for. Paths are those of the host.
type SurveyQuery struct {
	TCP, UDP []int    // the ports whose holders are wanted
	Paths    []string // the paths whose file systems are wanted; a path need not exist yet
	Units    []string // the units whose state is wanted, such as "docker.service"
	Modules  []string // kernel modules, such as "br_netfilter"
	Traces   []string // paths that other installers leave
	DataDir  string   // etcd's
	LogEnd   bool     // whether the last entry of etcd's log matters, for which all of its newest part is read
	CA       string   // the path of a certificate authority
	Taken    string   // the directory in which host-local notes which addresses are taken
	Packages bool     // whether the package manager's lock matters
	SSH      []int    // the ports of sshd whose peers are wanted
	// Kubeconfig is the path of a kubeconfig whose context is wanted.
	Kubeconfig   string
	Surroundings surroundings.Query
}

// Survey is what a host is like besides its Facts: what others left on it, and what would be in the
// way. Looking changes nothing. What could not be found out is empty or zero.
type Survey struct {
	UID         int           // of the node process
	Ports       []Port        // those of the asked ports that a process holds
	FileSystems []FileSystem  // one for each asked path, in their order
	Units       []Unit        // those of the asked units that the host has
	Modules     []ModuleState // one for each asked module, in their order
	Traces      []string      // those of the asked paths that exist
	Etcd        EtcdData
	Authority   *Authority // nil when there is none
	Tunnels     []string   // the names of interfaces that are VXLANs or of WireGuard
	// Bridges are the interfaces that are bridges, with the names of their ports.
	Bridges map[string][]string
	// Taken is how many addresses the plugin host-local has given to containers.
	Taken       int
	NameServers []string // of /etc/resolv.conf
	// Peers are the addresses from which the host is logged in to at this moment.
	Peers []netip.Addr
	// Context is the current context of the kubeconfig: in one of ours, the name of the cluster.
	Context string
	// User is the name of its user: in a kubelet's of ours, "system:node:NAME@CLUSTER".
	User       string
	Neighbours []Neighbour
	// Controllers are the cgroup controllers that the kernel offers: "cpu", "memory", "pids".
	Controllers []string
	// Limits are sysctls by name; those that the kernel does not have are left out.
	Limits map[string]int64
	// PackageLock is who holds the package manager's lock; nil when no process does.
	PackageLock  *Lock
	CloudInit    CloudInit
	AppArmor     AppArmor
	Surroundings surroundings.Found
}

// Lock is a lock on a file of the host that some process holds.
type Lock struct {
	Path    string
	PID     int
	Program string // its name, as ps shows it
}

// surveyor looks for what a Survey is asked for.
type surveyor struct {
	Root
	ctx context.Context
	run Runner
}

// Survey looks for everything at the same time. It starts one program, systemctl.
func (s *System) Survey(ctx context.Context, q SurveyQuery) Survey {
	return surveyor{s.Root, ctx, s.Run}.survey(q)
}

func (s surveyor) survey(q SurveyQuery) Survey {
	found := Survey{UID: os.Geteuid()}
	var wg sync.WaitGroup
	wg.Go(func() { found.Units = s.units(q.Units) })
	wg.Go(func() {
		found.Ports = s.ports(q.TCP, q.UDP)
		// After the ports: a tunnel that is just being made has its name before its port, and a
		// port without a tunnel would be another network's.
		found.Tunnels = s.tunnels()
	})
	wg.Go(func() { found.Surroundings = surroundings.Look(s.ctx, s.Root, s.run, q.Surroundings) })
	wg.Go(func() {
		found.FileSystems = s.fileSystems(q.Paths)
		found.Modules = s.modules(q.Modules)
		found.Etcd = s.etcdData(q.DataDir, q.LogEnd)
		found.Authority = s.authority(q.CA)
		found.Neighbours = s.neighbours()
		found.Bridges = s.bridges()
		found.Taken = s.taken(q.Taken)
		found.NameServers = s.nameServers("etc/resolv.conf")
		found.Controllers = s.controllers()
		found.Limits = s.limits()
		found.CloudInit = s.cloudInit()
		found.AppArmor = s.appArmor()
		found.Peers = s.peers(q.SSH)
		found.Context, found.User = s.context(q.Kubeconfig)
		if q.Packages {
			found.PackageLock = s.packageLock()
		}
		for _, path := range q.Traces {
			if s.Exists(path) {
				found.Traces = append(found.Traces, path)
			}
		}
	})
	wg.Wait()
	return found
}
