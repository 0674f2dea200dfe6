package inventory

// NFSAddOn is the client of NFS on every host, so that pods can mount what servers export.
type NFSAddOn struct{ Enabled bool }

// nfsField returns the field addons.nfs.
func nfsField(a *NFSAddOn) field {
	return field{name: "nfs", shape: "mapping",
		doc: "volumes of NFS servers that you have; see [NFS](addons.md#nfs).",
		fields: []field{{name: "enabled", shape: "boolean", fallback: "false", read: flag(&a.Enabled),
			doc: "whether every host has what mounting NFS takes: the package nfs-common or nfs-utils. A host whose " +
				"kernel has no client is refused."}}}
}
