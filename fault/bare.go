package fault

// NoCluster is the fault of a verb that needs a cluster, where none was made yet.
const NoCluster Code = "KB1140"

// LocalDirectory is the fault of a directory that is named where a file is wanted.
const LocalDirectory Code = "KB1141"

var bareEntries = []Entry{
	{NoCluster, "there is no cluster on the hosts yet",
		`The command works on a cluster that is there, and no host that was asked tells of one: no member of etcd has had a
quorum, and no API server was set up. Nothing was changed. A first run of up that was broken off early leaves hosts like
this, and so do hosts that were all installed again.`,
		`Make the cluster, or finish the run that was broken off.

    kbootstrap up -i hosts.yaml

If there should be a cluster already, see whether -i names its inventory, and whether the addresses in it lead to its
hosts.`},
	{LocalDirectory, "a directory is named where a file is wanted",
		`The command line or a setting names a directory of this machine, and the tool would read or write a file of that
name. Nothing was changed.`,
		`Name a file in the directory.`},
}
