package fault

// Faults of locks.
const (
	Locked Code = "KB6101"
)

// lockEntries are the faults of locks.
var lockEntries = []Entry{
	{Locked, "another run works on the same hosts",
		`Two runs must not change a host at once. The message says who started the other run, on which machine, when, and
what it is doing. The lock ends with its run, even if the run is killed; nothing has to be removed.`,
		`Wait until the other run has ended, or stop it where it runs.`},
}
