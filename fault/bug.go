package fault

// Faults of the tool itself.
const (
	NodePanic    Code = "KB9001"
	NodeMismatch Code = "KB9002"
	Unclassified Code = "KB9003"
)

// bugEntries are the faults of bugs of the tool itself.
var bugEntries = []Entry{
	{NodePanic, "a bug in the tool's process on a host",
		`The process that the tool runs on the host met a state that its authors did not foresee. Only that one request
ended; what was changed before stays, and files are never half written.`,
		`Run the same command again. If it happens again, report it with a support bundle.

    kbootstrap support-bundle -i hosts.yaml`},
	{NodeMismatch, "the two ends of the tool do not understand each other",
		`The process on the host received a request that it does not know. Both ends are the same binary, so this is a bug,
or the binary on the host was replaced.`,
		`Report it with a support bundle.

    kbootstrap support-bundle -i hosts.yaml`},
	{Unclassified, "an error that has no code of its own yet",
		`Something failed for which the catalogue has no entry. The message is the path to the cause.`,
		`Read the message from the end: the cause comes last. Please report it, so that it gets an entry.`},
}
