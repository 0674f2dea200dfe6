package inventory

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"kbootstrap/fault"
)

// StoreAddOn is an add-on that keeps what agents on all hosts send it, for a while, and shows it on
// a page: the logs, or the figures of the cluster.
type StoreAddOn struct {
	Enabled bool
	// Days is how long it keeps something, and Size how much of a disk it asks for: "10Gi".
	Days int
	Size string
	// Class is the StorageClass of its volume.
	Class string
	// Port is the port of every host at which its page is.
	Port int
}

// LocalPathClass is the StorageClass of the add-on `storage`.
const LocalPathClass = "local-path"

func defaultStore(days, port int) StoreAddOn {
	return StoreAddOn{Days: days, Size: "10Gi", Class: LocalPathClass, Port: port}
}

// mostDays bounds how long a store keeps something: ten years.
const mostDays = 3650

// storeFields returns the fields of such an add-on.
func storeFields(a *StoreAddOn, of string) []field {
	usual := defaultLogging()
	if of != "logs" {
		usual = defaultMonitoring()
	}
	return []field{
		{name: "enabled", shape: "boolean", fallback: "false", read: flag(&a.Enabled),
			doc: "whether the cluster keeps its " + of + "."},
		{name: "days", shape: "number", fallback: strconv.Itoa(usual.Days), read: number(&a.Days, 1, mostDays),
			doc: "how many days they are kept."},
		{name: "size", shape: "like `10Gi`", fallback: usual.Size, read: str(&a.Size),
			doc: "the size of the volume that they are on. Whether it can grow later depends on the class."},
		{name: "class", shape: "name of a StorageClass", fallback: "`local-path`, of the add-on `storage`",
			read: str(&a.Class), doc: "the class of that volume."},
		{name: "port", shape: "port", fallback: strconv.Itoa(usual.Port), class: fault.InventoryPort,
			read: port(&a.Port),
			doc:  "the port of every host at which the page is, with TLS and a login; one of `network.nodePorts`."},
	}
}

func defaultLogging() StoreAddOn    { return defaultStore(7, 30428) }
func defaultMonitoring() StoreAddOn { return defaultStore(14, 30429) }

var sizePattern = regexp.MustCompile(`^[1-9][0-9]{0,5}Gi$`)

// Bytes is the size in bytes.
func (a StoreAddOn) Bytes() int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(a.Size, "Gi"), 10, 64)
	if err != nil {
		return 0 // the check has reported it
	}
	return n << 30
}

// checkStores reports sizes, classes and ports that cannot be.
func checkStores(r *reader, c *Cluster) {
	stores := []struct {
		at string
		of StoreAddOn
	}{{"addons.logging", c.AddOns.Logging}, {"addons.monitoring", c.AddOns.Monitoring}}
	taken := map[int]string{}
	for _, s := range stores {
		if s.of.Size != "" && !sizePattern.MatchString(s.of.Size) {
			r.problem(s.at+".size", "write it like 10Gi", "%q is not a size in Gi", s.of.Size)
		}
		if s.of.Class != "" && (len(s.of.Class) > maxSubdomain || !subdomainPattern.MatchString(s.of.Class)) {
			r.problem(s.at+".class", "", "%q is not the name of a StorageClass", s.of.Class)
		}
		if !s.of.Enabled {
			continue
		}
		isOurs := strings.HasPrefix(s.of.Class, LocalPathClass)
		if isOurs && !c.AddOns.Storage.Enabled && r.given("addons.storage.enabled") {
			r.problem(s.at+".enabled", "turn addons.storage on, or name another StorageClass in class",
				"it keeps what it has on a volume of the class %s, and the add-on storage is off", s.of.Class)
		}
		end := r.as(fault.InventoryPort)
		if p, n := s.of.Port, c.Network.NodePorts; p != 0 && n != (PortRange{}) && !n.Contains(p) {
			r.problem(s.at+".port", fmt.Sprintf("choose one of network.nodePorts, which is %s", n),
				"port %d is none that a Service can have at every host", p)
		}
		if other := taken[s.of.Port]; other != "" && s.of.Port != 0 {
			r.problem(s.at+".port", "choose another port", "port %d is that of %s, too", s.of.Port, other)
		}
		end()
		taken[s.of.Port] = s.at
	}
}
