package fault

// Faults of add-ons.
const (
	AddOnTaken   Code = "KB6048"
	AddOnDropped Code = "KB6049"
)

var addOnEntries = []Entry{
	{AddOnTaken, "an add-on would take over objects that the tool has not made",
		`The cluster has objects with the names of those that the add-on wants to make, and this tool has not made them:
the same program was installed by a manifest or a chart. Nothing was changed.`,
		`Keep what is there and leave the add-on off in the inventory, or remove what is there in the way it was
installed, and run up again.

    addons: {metrics: {enabled: false}}`},
	{AddOnDropped, "turning an add-on off would take from users what they have in it",
		`The inventory turns off an add-on that keeps data, or the way to data, and the cluster has it. Its objects
would be deleted. Files on the disks of hosts stay, but no volume is made or removed any more. Nothing was changed.`,
		`If that is meant, name the add-on.

    kbootstrap up --remove-addon storage`},
}
