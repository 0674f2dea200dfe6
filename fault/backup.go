package fault

// Faults of backups and of what is made of them.
const (
	NoSnapshot        Code = "KB6080"
	BackupInClear     Code = "KB6081"
	BackupPlace       Code = "KB6082"
	BackupNotOpened   Code = "KB6083"
	BackupDamaged     Code = "KB6084"
	RestoreForeign    Code = "KB6085"
	RestoreReplaces   Code = "KB6086"
	RestoreUnfinished Code = "KB6087"
	RehearsalFailed   Code = "KB6088"
	StoreNotRestored  Code = "KB6089"
	BackupDiskFull    Code = "KB6100"
	BackupTooOld      Code = "KB6102"
	BackupWithoutKeys Code = "KB6103"
)

var backupEntries = []Entry{
	{NoSnapshot, "no member of etcd can give a snapshot",
		`A snapshot is taken of one member that follows a leader and has no alarm of damaged data. None of the members that
could be asked is like that. No backup was written, and those that exist are untouched.`,
		`Look at what keeps etcd from being healthy, and run backup again then.

    kbootstrap status`},
	{BackupInClear, "the backup would have all keys of the cluster in the clear",
		`A backup has the keys of the authorities and every Secret. The inventory names no key that a backup could be
sealed for.`,
		`Name public keys in the inventory under backup.recipients; an SSH key will do. With --plaintext the backup is not
sealed: whoever reads the file owns the cluster.

    backup:
      recipients:
        - ssh-ed25519 AAAA… anna@desk`},
	{BackupPlace, "others can reach the directory of the backup",
		`Where others can write, they could put another file in the place of the backup. One in the clear must not even be
where others can look.`,
		`Choose a directory of your own, or make it yours.

    install -d -m 700 backups && kbootstrap backup -o backups`},
	{BackupNotOpened, "the backup is sealed for other keys",
		`The backup was sealed for the recipients that the inventory named then. None of the identities that were tried
belongs to one of them.`,
		`Give the private key of a recipient with --identity: a file of age-keygen, or an SSH key.

    kbootstrap backup verify FILE --identity ~/.ssh/id_ed25519`},
	{BackupDamaged, "the backup is not whole",
		`The file is cut off, was changed, or is no backup: a sum in it is not that of its content. Nothing of it was
used.`,
		`Take another copy of the file, or an older backup.`},
	{RestoreForeign, "the backup does not fit this cluster",
		`The backup is of another cluster, of other versions, or the state directory has other keys than the backup. Nothing
was changed.`,
		`Take the inventory of that cluster and of that time; the backup has a copy of it. Where the state directory is of
another cluster, move it away: restore takes the keys of the backup then.`},
	{RestoreReplaces, "the cluster runs, and restore would replace what it holds",
		`Members of etcd answer. What was written since the backup would be gone from the cluster. Nothing was
changed.`,
		`If that is what you want, say so. The data of now stays on the hosts, next to that of the backup.

    kbootstrap restore FILE --replace`},
	{RestoreUnfinished, "a restore was cut off, and only it can go on",
		`Some members of etcd have the data of the backup already, and others may not. A member with old data must not start
next to one with new data. Nothing was changed.`,
		`Run the same restore again: it goes on where it was cut off.

    kbootstrap restore FILE`},
	{RehearsalFailed, "the backup could not be restored in a rehearsal",
		`The backup is whole, and its snapshot was restored into an etcd of its own on this machine. That etcd did not start,
or it does not hold what the manifest says.`,
		`Do not rely on this backup: make another one and verify that.`},
	{StoreNotRestored, "etcd does not hold what was restored",
		`The data was restored on all members and etcd runs, but what it holds is not what the manifest of the backup says.
The data from before is on the hosts still.`,
		`Look at etcd and its journal, and report it.

    kbootstrap status`},
	{BackupDiskFull, "a backup would leave too little of the host's disk",
		`A set takes up at most twice the size of the database of etcd while it is made, and what shares the disk needs
room, too: 5 % of it, at least 1 GiB and at most 5 GiB, stay free. No set was made, and those that exist are
untouched.`,
		`Make room, keep fewer sets, or put them on another disk.

    backup:
      keep: 7
      to: /mnt/backups`},
	{BackupTooOld, "there is no fresh backup to go back to",
		`The next step changes keys that nothing can make again, and the last backup that was verified is too old,
does not have the keys of now, or does not exist. Nothing was changed.`,
		`Make one and verify it; then run the command again. To go on without one, say so.

    kbootstrap backup
    kbootstrap backup verify FILE
    kbootstrap certs rotate-ca kubernetes --without-backup`},
	{BackupWithoutKeys, "the backup is a host's part, and the keys are missing",
		`A host that makes a set by itself has a snapshot of etcd, and not the keys of the cluster, which only the control
machine has. The state directory does not have them either. Nothing was changed.`,
		`Bring back the state directory of the cluster, or name a whole backup of the same keys, however old.

    kbootstrap restore SET --keys BACKUP`},
}
