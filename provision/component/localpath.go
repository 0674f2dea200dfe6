package component

import (
	"encoding/json"
	"strconv"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// localPath is the add-on of volumes on the disks of hosts. A volume is a directory of the host on
// which its first pod runs, and stays there.
var localPath = optional(Component{
	Name:  "local-path-provisioner",
	Short: "storage",
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{{
		Component: "local-path-provisioner", Version: "0.0.37",
		Image: "docker.io/rancher/local-path-provisioner:v{version}", Like: []string{"flanneld"},
	}},
	// Only the directory of an inventory that names no other: the tool does not remove what it
	// cannot know to be its own.
	Residue: Residue{People: []string{"/var/lib/kbootstrap-volumes"}},
}, AddOn{
	Field: "storage", What: "volumes on the disks of hosts", Reach: by("storageClassName: local-path"), HasData: true,
	IsOn: func(c *inventory.Cluster) bool { return c.AddOns.Storage.Enabled },
}, func(t Target) []byte {
	return localPathManifest.Render(localPathData{
		Image: t.Release.Image("local-path-provisioner"), Config: localPathConfig(t.Cluster),
		Classes: storageClasses(t.Cluster.AddOns),
	})
})

// storageClasses are two classes of the same volumes, because what becomes of a volume at its end
// is a field of the class that cannot be changed; and one of volumes on a server of NFS, if there
// is one.
func storageClasses(a inventory.AddOns) []storageClass {
	s := a.Storage
	isDefault := func(reclaim string) string { return strconv.FormatBool(s.Default && s.Reclaim == reclaim) }
	classes := []storageClass{
		{"local-path", inventory.ReclaimDelete, isDefault(inventory.ReclaimDelete)},
		{"local-path-retain", inventory.ReclaimRetain, isDefault(inventory.ReclaimRetain)},
	}
	if a.NFS.HasClass() {
		classes = append(classes, storageClass{inventory.NFSClass, inventory.ReclaimDelete, "false"})
	}
	return classes
}

// localPathConfig says in which directory each host has its volumes, and in which all hosts have
// those of NFS (github.com/rancher/local-path-provisioner, README, "Configuration").
func localPathConfig(c *inventory.Cluster) string {
	type nodePath struct {
		Node  string   `json:"node"`
		Paths []string `json:"paths"`
	}
	type ofClass struct {
		NodePathMap          []nodePath `json:"nodePathMap,omitempty"`
		SharedFileSystemPath string     `json:"sharedFileSystemPath,omitempty"`
	}
	s := c.AddOns.Storage
	paths := []nodePath{{"DEFAULT_PATH_FOR_NON_LISTED_NODES", []string{s.Path}}}
	for _, h := range c.Hosts {
		if dir := s.PathOf(h.Name); dir != s.Path {
			paths = append(paths, nodePath{h.Name, []string{dir}})
		}
	}
	config := map[string]any{"nodePathMap": paths}
	if hasNFSClass(c) {
		classes := map[string]ofClass{}
		for _, class := range storageClasses(c.AddOns) {
			classes[class.Name] = ofClass{NodePathMap: paths}
		}
		classes[inventory.NFSClass] = ofClass{SharedFileSystemPath: nfsShare(c)}
		config = map[string]any{"nodePathMap": []nodePath{}, "storageClassConfigs": classes}
	}
	text, err := json.Marshal(config)
	if err != nil {
		panic("component: " + err.Error()) // texts are always valid
	}
	return string(text)
}

// localPathData is the data of the objects of local-path-provisioner.
type localPathData struct {
	Image   string // also of the helper pods: it has a shell
	Config  string
	Classes []storageClass
}

type storageClass struct{ Name, Reclaim, Default string }

var localPathManifest = templates.New[localPathData]("local-path.yaml.tmpl")
