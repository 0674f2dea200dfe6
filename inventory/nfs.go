package inventory

import (
	"net"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// NFSAddOn is the client of NFS on every host, so that pods can mount what servers export.
type NFSAddOn struct {
	Enabled bool
	// Server is an address or a name, and Path a directory that it exports, in which each claim of
	// the class NFSClass gets a directory of its own. Both are empty where there is no such class.
	Server, Path string
	// Options are those that hosts mount the directory with.
	Options []string
}

// NFSClass is the StorageClass of the add-on `nfs`.
const NFSClass = "nfs"

// HasClass reports whether claims get volumes on a server of NFS.
func (a NFSAddOn) HasClass() bool { return a.Enabled && a.Server != "" }

// Source is the directory as mount(8) has it: "192.168.56.20:/srv/nfs".
func (a NFSAddOn) Source() string {
	server := a.Server
	if strings.Contains(server, ":") {
		server = "[" + server + "]"
	}
	return server + ":" + a.Path
}

// nfsField returns the field addons.nfs.
func nfsField(a *NFSAddOn) field {
	return field{name: "nfs", shape: "mapping",
		doc: "volumes of NFS servers that you have; see [NFS](addons.md#nfs).",
		fields: []field{
			{name: "enabled", shape: "boolean", fallback: "false", read: flag(&a.Enabled),
				doc: "whether every host has what mounting NFS takes: the package nfs-common or nfs-utils. A host " +
					"whose kernel has no client is refused."},
			{name: "server", shape: "address or DNS name", fallback: "none", read: str(&a.Server),
				doc: "a server of NFS, for a StorageClass `nfs`: each claim gets a directory of its own in `path`. " +
					"Hosts must be let in."},
			{name: "path", shape: "directory of the server", fallback: "none", read: str(&a.Path),
				doc: "the directory that `server` exports. All hosts mount it."},
			{name: "options", shape: "list of mount options", fallback: "none", read: eachText(&a.Options),
				doc: "how hosts mount it, as in nfs(5): `[nfsvers=4.1, hard]`."},
		}}
}

// What is between the two ends of a command line of a shell needs no quotes.
var exportPattern = regexp.MustCompile(`^/[A-Za-z0-9._/+@-]*$`)

// checkNFS reports a server whose volumes cannot be.
func checkNFS(r *reader, c *Cluster) {
	const at = "addons.nfs"
	a := c.AddOns.NFS
	if a.Server != "" && net.ParseIP(a.Server) == nil && !isWebName(a.Server) {
		r.problem(at+".server", "write an address, or a name like files.example.com",
			"%q is neither a name nor an address", a.Server)
	}
	if a.Path != "" && (path.Clean(a.Path) != a.Path || !exportPattern.MatchString(a.Path)) {
		r.problem(at+".path", "write it as the server exports it, such as /srv/nfs",
			"%q is not an absolute path of letters, digits and . _ + @ -", a.Path)
	}
	for i, option := range a.Options {
		checkNFSOption(r, at+".options["+strconv.Itoa(i)+"]", option)
	}
	switch {
	case a.Server != "" && a.Path == "" && !r.given(at+".path"):
		r.problem(at+".server", "name the directory that it exports in path", "path is missing")
	case a.Server == "" && !r.given(at+".server") && (a.Path != "" || a.Options != nil):
		r.problem(at, "name the server in server, or leave path and options out", "server is missing")
	case a.Server != "" && !a.Enabled:
		r.problem(at+".server", "set enabled to true, or leave the line out",
			"hosts mount nothing of it: addons.nfs is off")
	case a.Server != "" && !c.AddOns.Storage.Enabled && r.given("addons.storage.enabled"):
		r.problem(at+".server", "turn addons.storage on, or leave the line out",
			"its directories are made by the provisioner of the add-on storage, which is off")
	}
}
