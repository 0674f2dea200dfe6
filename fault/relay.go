package fault

// Faults of hosts that pass contents on.
const (
	RelayFailed  Code = "KB5125"
	RelayDamaged Code = "KB5126"
)

// relayEntries are the faults of hosts that pass contents on.
var relayEntries = []Entry{
	{RelayFailed, "a host could not pass a program or image on to another one",
		`Where many hosts lack the same programs and images, those that have them already send them to the others. One
could not be reached by another one, or was too slow, or ended. Nothing failed: the content came from another host or
from the control machine, which only takes longer. A firewall between the hosts is the usual cause.`,
		`Let the hosts reach each other at TCP 10310, or set artifacts.passOn to false.`},
	{RelayDamaged, "what a host passed on is not what it was sent",
		`A host compares the sum of everything that it is sent. What another host of the cluster passed on had another
sum. Nothing of it was kept, the content came from elsewhere, and in this run that host passed nothing more on. Its
disk or memory damages data, or its software was changed.`,
		`Check the memory and the disk of the host that the message names, and who else may be root there.`},
}
