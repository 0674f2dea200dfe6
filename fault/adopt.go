package fault

// Faults of taking over a cluster whose state directory is gone, and of sharing one.
const (
	AdoptNothing   Code = "KB6111"
	AdoptForeign   Code = "KB6112"
	AdoptHeld      Code = "KB6113"
	SharedNewer    Code = "KB6114"
	SharedInClear  Code = "KB6117"
	SharedNone     Code = "KB6118"
	SharedConflict Code = "KB6119"
)

// adoptEntries are the faults of adopting clusters and of sharing state directories.
var adoptEntries = []Entry{
	{AdoptNothing, "the hosts hold no cluster that could be adopted",
		`adopt makes the state directory of a running cluster again. No host of the inventory says that it belongs to the
cluster of that name, or no control plane answers. Nothing was changed.`,
		`Use the inventory that the cluster was made with, and see that a control plane can be reached.

    kbootstrap preflight -i hosts.yaml`},
	{AdoptForeign, "what the hosts have does not fit the backup",
		`adopt believes a backup only if its authorities are those that the hosts trust today, and if the cluster on the
hosts is the one that the backup was made of. Without a backup all hosts have to agree. Nothing was changed.`,
		`Take a backup that was made after the last replacement of a key, or of this cluster. Without any, leave the file
out: adopt then says what is lost.

    kbootstrap adopt -i hosts.yaml`},
	{AdoptHeld, "the state directory has keys already",
		`adopt makes a state directory where there is none. This one has the keys of a cluster, and nothing of it is
replaced. Nothing was changed.`,
		`If these keys are those of another cluster, move the directory that the message names away first. If a file is
missing in it, restore that from a backup.`},
	{SharedNewer, "the shared state directory is newer than the one here",
		`Another operator has pushed the state directory since it was last pulled here or pushed from here. Pushing this one would
take away what they have written. Nothing was changed.`,
		`Pull first. If something was written here as well meanwhile, pull says so.

    kbootstrap state pull -i hosts.yaml`},
	{SharedInClear, "a state directory is shared only if it is encrypted",
		`The state directory has all keys of the cluster, and those in this one are in the clear. What is pushed is
encrypted for the recipients that the directory is encrypted for. Nothing was pushed.`,
		`Encrypt it first, for everybody who is to pull it.

    kbootstrap state encrypt -i hosts.yaml --recipient ~/.ssh/id_ed25519.pub`},
	{SharedNone, "nothing is shared there, or too few hosts answer",
		`The place from which the state directory was to be pulled has none of this cluster, or no more than half of the control
planes answer, so that a newer one may be on the others. Nothing was changed.`,
		`Push it where it is, or bring up more control planes. A cluster whose state directory is gone everywhere is
adopted again.

    kbootstrap adopt -i hosts.yaml FILE`},
	{SharedConflict, "the state directory was changed here and where it is shared",
		`Since it was last pulled or pushed, this state directory has changed, and so has the shared one. One of the two
changes would be lost. Nothing was changed.`,
		`Find out who ran what. With --replace the shared one takes the place of this one, which is kept next to it.

    kbootstrap state pull -i hosts.yaml --replace`},
}
