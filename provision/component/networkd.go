package component

import (
	"strings"

	"kbootstrap/resource"
)

// leastNetworkd is the first systemd whose networkd reads its files again while it runs
// (networkctl reload), and that cannot be harmed by a file that it does not understand.
const leastNetworkd = 244

// unnetworked has a systemd-networkd leave the interfaces of pods and of docker alone. A file of
// the owner's that matches every name, as `Name=*` or `Type=ether` do, has it take the ends of pods
// out of their bridge when it starts.
func (t Target) unnetworked() []resource.Resource {
	if !t.Facts.Networkd || t.Facts.Systemd < leastNetworkd {
		return nil
	}
	return one(resource.Networkd{
		Text: "[Match]\nName=" + strings.Join(t.othersInterfaces(), " ") + "\n\n[Link]\nUnmanaged=yes\n",
	})
}

// othersInterfaces are the interfaces that programs of the cluster make, which what cares for the
// network of a host must leave to them.
func (t Target) othersInterfaces() []string {
	names := append(podInterfaces(t.Cluster), "veth*", ipvsInterface)
	if t.Cluster.Runtime == "docker" {
		names = append(names, "docker0")
	}
	return names
}
