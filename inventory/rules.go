package inventory

// Rules are what an inventory is checked against and only the components know: package component
// derives them from what each component declares.
type Rules struct {
	// Programs are those that `arguments` may name, in the order of their start.
	Programs []Program
	// Ports are taken on hosts whatever the inventory says.
	Ports []Port
	// Versions are the keys under `versions`, in the order of the reference.
	Versions []string
	// OldestMinor and NewestMinor are the minor versions of Kubernetes that can be installed.
	OldestMinor, NewestMinor int
}

// Program is a program whose command line an inventory may add flags to.
type Program struct {
	Name string
	// Owned are the flags that the rest of the inventory decides, with what to do instead.
	Owned map[string]string
	// Absent returns why the program does not run in a cluster, or ""; nil means that it always
	// runs.
	Absent func(*Cluster) string
}

// Port is a port of hosts that something listens on.
type Port struct {
	Network string // "tcp" or "udp"
	Number  int
	By      string // "etcd, clients"
}
