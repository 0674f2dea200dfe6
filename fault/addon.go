package fault

// Faults of add-ons.
const (
	InventoryManifest Code = "KB1024"
	AddOnTaken        Code = "KB6048"
	AddOnDropped      Code = "KB6049"
)

var addOnEntries = []Entry{
	{InventoryManifest, "a manifest that the inventory names cannot be used",
		`A file or a directory of addons.manifests is not there, or has something that is no object of the Kubernetes API:
every object needs apiVersion, kind and metadata.name, and is given once. Charts and kustomizations are not rendered.
All files are read before anything is done. No host was touched.`,
		`Correct the place in the message. Let helm or kustomize write what they make into a file:

    helm template NAME CHART >manifests/app.yaml`},
	{AddOnTaken, "an add-on would take over objects that the tool has not made",
		`The cluster has objects with the names of those that the add-on wants to make, and this tool has not made them:
the same program was installed by a manifest or a chart. Nothing was changed.`,
		`Keep what is there and leave the add-on off in the inventory, or remove what is there in the way it was
installed, and run up again.

    addons: {metrics: {enabled: false}}

What addons.manifests names is taken over with --adopt, if it is yours.`},
	{AddOnDropped, "turning an add-on off would take from users what they have in it",
		`The inventory turns off an add-on that keeps data, or the way to data, and the cluster has it. Its objects
would be deleted. Files on the disks of hosts stay, but no volume is made or removed any more. Or addons.manifests has
no more an object that takes with it what is in it, such as a Namespace or a claim. Nothing was changed.`,
		`If that is meant, name the add-on.

    kbootstrap up --remove-addon storage`},
}
