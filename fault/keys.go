package fault

// Faults of renewing and replacing keys.
const (
	CertificateUnknown Code = "KB6090"
	AuthorityNotOwn    Code = "KB6091"
	RotationOrder      Code = "KB6092"
	RotationUnready    Code = "KB6093"
	RotationTooSoon    Code = "KB6094"
	RotationByField    Code = "KB6095"
	StateSealed        Code = "KB6096"
	SealForNobody      Code = "KB6097"
	SealedDamaged      Code = "KB6098"
	StateMixed         Code = "KB6099"
)

// keyEntries are the faults of renewing and replacing certificates and keys.
var keyEntries = []Entry{
	{CertificateUnknown, "no certificate of the cluster has this name",
		`certs renew was given a name that neither a certificate of the inventory's hosts has nor an authority. Nothing
was changed.`,
		`Take a name of the list in the message.

    kbootstrap certs status -i hosts.yaml -o wide`},
	{AuthorityNotOwn, "an authority cannot be signed again with its own key",
		`The authority was brought along by the owner of the cluster and is signed by another one, whose key the tool does
not have. Nothing was changed.`,
		`Have the owner of that other authority make a new certificate for the same key, and put it into the state
directory in the place of the old one. Then run the command again.`},
	{RotationOrder, "this stage cannot come now",
		`Keys are replaced in the stages trust, issue and distrust. The one that is asked for does not come after the one
that the state directory is in, or there is no way back from it.`,
		`Look at the stage first, and then take the next one.

    kbootstrap certs rotate-ca kubernetes -i hosts.yaml --dry-run`},
	{RotationUnready, "the hosts are not ready for the replacement of a key",
		`Something on the hosts differs from the inventory and the state directory. A stage begins only on hosts where
nothing differs, because a host that has missed a stage would be locked out by the next. Nothing was changed.`,
		`Bring the hosts to what is wanted first; that also finishes a stage that was cut off.

    kbootstrap up -i hosts.yaml`},
	{RotationTooSoon, "a stage has not lasted long enough",
		`What the old key has signed must have ended before nothing trusts that key any more, such as the tokens of
service accounts, which are good for an hour. Nothing was changed.`,
		`Wait, or say with --after how long the tokens of this cluster are good.`},
	{RotationByField, "the key for secrets is replaced by a field of the inventory",
		`The key with which API servers encrypt Secrets has a number in the inventory. up makes the key of a new number,
has every API server learn it, has it write with it, and has every Secret written once more.`,
		`Raise security.encryptionKey in the inventory by one, and run up.

    kbootstrap up -i hosts.yaml`},
	{StateSealed, "the keys of the cluster are sealed, and nothing here opens them",
		`The private keys and passwords of the state directory are encrypted, in pki/keys.age. Nothing that the tool has
tried opens that file: the identities that --identity or KBOOTSTRAP_IDENTITY name, otherwise ~/.ssh/id_ed25519 and
~/.ssh/id_rsa; or the passphrase. Nothing was changed.`,
		`Name the private key of a recipient with --identity, or give the passphrase.

    KBOOTSTRAP_IDENTITY=~/.ssh/id_work kbootstrap status -i hosts.yaml

A passphrase is asked for on the terminal, or taken from KBOOTSTRAP_STATE_PASSPHRASE. If no key that opens it is left,
restore a backup or adopt the cluster again.`},
	{SealForNobody, "the keys cannot be sealed for these recipients",
		`The state directory is encrypted for public keys, of SSH or of age, or with a passphrase. What was named is no
public key, or nothing was named. Nothing was changed.`,
		`Name your own public key, and a second one that is kept elsewhere.

    kbootstrap state encrypt -i hosts.yaml --recipient ~/.ssh/id_ed25519.pub`},
	{SealedDamaged, "the sealed keys, or a shared state directory, are damaged",
		`pki/keys.age in the state directory, or the file that is shared, is cut off, was changed, or is of another version
of the tool. Nothing was changed.`,
		`Restore the file from a backup, or pull it from where it is shared.

    kbootstrap state pull -i hosts.yaml`},
	{StateMixed, "a sealed state directory has secrets in the clear",
		`The state directory is sealed, and there are files with keys or passwords in it that say something else than its
sealed file, or that this does not have. Which of the two counts only their owner can say. Nothing was changed.`,
		`Unseal the directory without these files, put them back, and seal it again; or remove them.

    kbootstrap state decrypt -i hosts.yaml`},
}
