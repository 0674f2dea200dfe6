package fault

// Faults of locks.
const (
	Locked         Code = "KB6101"
	LockDirForeign Code = "KB6110"
)

// lockEntries are the faults of locks.
var lockEntries = []Entry{
	{Locked, "another run works on the same hosts",
		`Two runs must not change a host at once. The message says who started the other run, on which machine, when, and
what it is doing. The lock ends with its run, even if the run is killed; nothing has to be removed.`,
		`Wait until the other run has ended, or stop it where it runs.`},
	{LockDirForeign, "the directory of a host's lock is not root's alone",
		`The lock lies in /run/kbootstrap-lock, which the tool makes with the mode 0700. On this host it is a link, belongs
to another user, or others may enter it. Only root can have made it so.`,
		`Find out what made it, and remove it while no run is at work; the next run makes it again.

    ls -ld /run/kbootstrap-lock; sudo rm -r /run/kbootstrap-lock`},
}
