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
	// Release is the component whose version the program has.
	Release string
	// Rules are what the tool has to say about flags, by name.
	Rules map[string]Rule
	// Hidden are the directories that the program does not see.
	Hidden []string
	// Manual returns which flags the program has in a cluster, or false where that is not known;
	// nil means that it never is.
	Manual func(*Cluster) (Manual, bool)
	// Absent returns why the program does not run in a cluster, or ""; nil means that it always
	// runs.
	Absent func(*Cluster) string
}

// Rule is what the tool has to say about a flag. A flag without a rule wins over the tool's own.
type Rule struct {
	// Refused is why the flag cannot be set, and what to do instead; "" when it can be set.
	Refused string
	// Only are the values that work; the flag is refused with others because of Why.
	Only []string
	Why  string
	// Without are words that the list may not contain, because of Why.
	Without []string
	// Field is where the value goes in the program's configuration file, because the program takes
	// it from there: "iptables.masqueradeAll". The value is not on the command line then.
	Field string
	// Merged says how the value is joined with the tool's own: MergedList or MergedMap.
	Merged string
	// Default is what the program takes when the tool sets nothing; the value is joined with it.
	Default string
	// Writes says that the value is the path of a file that the program writes.
	Writes bool
	// Listens says that the value has an address and a port that the program listens on.
	Listens bool
	// Words is the chapter of the manual with the words that a value consists of: "feature-gates".
	Words string
	// Type is what the value has to be, as in Flag, where the manual does not know: the program
	// reads it in a way of its own.
	Type string
	// Weak are values that weaken the cluster; `validate`, `plan` and `up` warn of them.
	Weak *Weak
}

// How a value is joined with the tool's own: words that come behind the tool's, or keys that win
// over the tool's.
const (
	MergedList = "list"
	MergedMap  = "map"
)

// Weak says which values of a flag a warning is about.
type Weak struct {
	CIS string // the id of the check in the CIS Kubernetes Benchmark; "" when no check asks for it
	// Values are those that are warned of, alone or as a word of a list; nil stands for every
	// value.
	Values []string
	// Below warns of smaller numbers, Above of larger ones; 0 of none.
	Below, Above int
	NotZero      bool   // warns of every number but 0
	Outside      bool   // warns of addresses that others can reach
	Says         string // what the value means
}

// Manual is what a release of a program says of its own flags.
type Manual struct {
	Release string // "Kubernetes 1.36"
	Flags   []Flag
	// Words are what the values of some flags consist of, by Rule.Words.
	Words map[string][]Flag
}

// Flag is a flag of a program, or a word in the value of one.
type Flag struct {
	Name string
	// Type is what a value is: bool, int, uint, float, duration, ip, endpoint, list, map, switches,
	// or something that only the program knows. Of a feature gate that is locked it is "on" or
	// "off".
	Type string
	// Missing says why this release does not have it: "went away in Kubernetes 1.27"; "" when it
	// has.
	Missing string
}

// Port is a port of hosts that something listens on.
type Port struct {
	Network string // "tcp" or "udp"
	Number  int
	By      string // "etcd, clients"
}
