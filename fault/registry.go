package fault

// Faults of registries of images: those that hosts ask, and that of the cluster itself.
const (
	MirrorLimited    Code = "KB1027"
	RegistryPassword Code = "KB4109"
	RegistryMoved    Code = "KB6050"
)

// registryEntries are the faults of registries, in the inventory, the state directory and a
// cluster.
var registryEntries = []Entry{
	{MirrorLimited, "a mirror of a registry does less than it seems",
		`docker asks mirrors for images of docker.io only, without a login, and at no other path than that of the API;
containerd, by which pods get their images, asks them all. What comes over plain http can be replaced by anyone on the
way. This is a warning: the run goes on.`,
		`Let docker go to the upstream registry, or name images by the mirror where docker pulls them. Give the mirror a
certificate, with "ca:" if its authority is your own.`},
	{RegistryPassword, "the password of the registry cannot be used",
		`The file registry.password in the state directory, which you may change, is not one line of at most 72 bytes. bcrypt,
in which the registry keeps the password, reads no more than that.`,
		`Write a shorter password, or remove the file: the next up makes a new one.

    rm .kbootstrap/CLUSTER/pki/registry.password`},
	{RegistryMoved, "the registry would move to another host, without its images",
		`The images of the registry lie on the disk of the host in the message, which serves them now, and the inventory
names another host. The tool moves no images: pods could not pull any of them. Nothing was changed.`,
		`Name the host in the message, so that the registry stays:

    addons: {registry: {enabled: true, host: HOST}}

To move it, turn it off with "enabled: false", copy /var/lib/kbootstrap-registry to the other host, and turn it on there.`},
}
