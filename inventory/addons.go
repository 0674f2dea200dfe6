package inventory

import (
	"path"
	"slices"

	"kbootstrap/fault"
)

// AddOns are what a cluster serves to its users besides the names of Services, which no cluster is
// without. See docs/addons.md.
type AddOns struct {
	Metrics  MetricsAddOn
	Storage  StorageAddOn
	Registry RegistryAddOn
	Ingress  IngressAddOn
	UI       UIAddOn
	// Manifests are the user's own objects, in the order in which they are made.
	Manifests []Manifest
	NFS       NFSAddOn
	// Logging are the logs of all pods and of the services of the cluster, and Monitoring the
	// figures of hosts, pods and servers.
	Logging, Monitoring StoreAddOn
}

// MetricsAddOn is metrics-server: `kubectl top`, and what a HorizontalPodAutoscaler scales by.
type MetricsAddOn struct{ Enabled bool }

// StorageAddOn is local-path-provisioner: a StorageClass for volumes in a directory of the host
// that their first pod runs on.
type StorageAddOn struct {
	Enabled bool
	// Path is the directory of the volumes on every host, and Paths that of some hosts, by name.
	Path  string
	Paths map[string]string
	// Reclaim is what becomes of a volume whose claim is deleted: ReclaimDelete or ReclaimRetain.
	Reclaim string
	// Default reports whether a claim that names no class gets this one.
	Default bool
}

// The values of StorageAddOn.Reclaim.
const (
	ReclaimDelete = "Delete"
	ReclaimRetain = "Retain"
)

// defaultAddOns are those of an inventory that says nothing. What many programs expect of a
// cluster, and what costs little, is on.
func defaultAddOns() AddOns {
	return AddOns{
		Metrics: MetricsAddOn{Enabled: true},
		Storage: StorageAddOn{
			Enabled: true, Path: "/var/lib/kbootstrap-volumes", Paths: map[string]string{},
			Reclaim: ReclaimDelete, Default: true,
		},
		Registry: defaultRegistry(),
		Ingress:  defaultIngress(),
		UI:       defaultUI(),
		Logging:  defaultLogging(), Monitoring: defaultMonitoring(),
	}
}

// addOnFields returns the fields of addons.
func addOnFields(a *AddOns) []field {
	enabled := func(to *bool, what string) field {
		return field{name: "enabled", shape: "boolean", fallback: "true", read: flag(to),
			doc: "whether the cluster has " + what + "."}
	}
	return []field{
		{name: "metrics", shape: "mapping",
			doc:    "figures of nodes and pods: `kubectl top`, and what a HorizontalPodAutoscaler scales by.",
			fields: []field{enabled(&a.Metrics.Enabled, "metrics-server")}},
		{name: "storage", shape: "mapping", doc: "a StorageClass `local-path` for volumes on the disks of hosts.",
			fields: []field{
				enabled(&a.Storage.Enabled, "local-path-provisioner"),
				{name: "path", shape: "directory", fallback: "/var/lib/kbootstrap-volumes", read: str(&a.Storage.Path),
					doc: "where a host has the volumes. It may be where a disk is mounted."},
				{name: "paths", shape: "mapping",
					doc: "the directories of single hosts, by their names, where they differ from `path`.",
					read: words(someText(), func(r *reader, at, key string, v *node) {
						var dir string
						if str(&dir).decode(r, at, v); dir != "" {
							a.Storage.Paths[key] = dir
						}
					})},
				{name: "reclaim", shape: "`Delete` or `Retain`", fallback: ReclaimDelete,
					read: oneOf(&a.Storage.Reclaim, ReclaimDelete, ReclaimRetain),
					doc: "what becomes of a volume and its files when its claim is deleted. Volumes that are there " +
						"already keep what they were made with."},
				{name: "default", shape: "boolean", fallback: "true", read: flag(&a.Storage.Default),
					doc: "whether a claim that names no class gets this one."},
			}},
		{name: "registry", shape: "mapping",
			doc: "a private registry of images, with TLS and a login, on the disk of a host; see " +
				"[the registry](registry.md).",
			fields: registryFields(&a.Registry)},
		{name: "ingress", shape: "mapping",
			doc:    "http and https from outside to Services, as objects of the kind Ingress say.",
			fields: ingressFields(&a.Ingress)},
		{name: "ui", shape: "mapping", doc: "pages that show the cluster in a browser.", fields: uiFields(&a.UI)},
		manifestFields(a),
		nfsField(&a.NFS),
		{name: "logging", shape: "mapping", fields: storeFields(&a.Logging, "logs"),
			doc: "the logs of all pods and of the services of all hosts, in one place; see [logs](logs.md)."},
		{name: "monitoring", shape: "mapping", fields: storeFields(&a.Monitoring, "figures"),
			doc: "the figures of hosts, pods and servers over time, graphs and alerts; see " +
				"[monitoring](monitoring.md)."},
	}
}

// checkAddOns reports directories that cannot be, and hosts that are not.
func checkAddOns(r *reader, c *Cluster) {
	s := c.AddOns.Storage
	isPlace := func(at, dir string) {
		if dir != "" && (path.Clean(dir) != dir || !isPlaceForFiles(dir+"/x")) {
			r.problem(at, "use a directory of its own, such as /srv/volumes",
				"%q is not a place for volumes: it has to be an absolute path outside of the system's directories", dir)
		}
	}
	isPlace("addons.storage.path", s.Path)
	for name, dir := range s.Paths {
		at := "addons.storage.paths[" + name + "]"
		isPlace(at, dir)
		if _, ok := c.Host(name); !ok {
			end := r.as(fault.InventoryValue)
			r.problem(at, Suggest(name, hostNames(c)), "there is no host %q", name)
			end()
		}
	}
}

// hostNames are the names of all hosts.
func hostNames(c *Cluster) []string {
	var names []string
	for _, h := range c.Hosts {
		if h.Name != "" { // else it has none, which is reported
			names = append(names, h.Name)
		}
	}
	slices.Sort(names)
	return names
}

// PathOf is the directory of the volumes on a host.
func (s StorageAddOn) PathOf(host string) string {
	if dir := s.Paths[host]; dir != "" {
		return dir
	}
	return s.Path
}
