package fault

// Faults of artifacts.
const (
	ArtifactUnpinned    Code = "KB4001"
	ArtifactMismatch    Code = "KB4002"
	ArtifactNotIt       Code = "KB4003"
	ArtifactUnreachable Code = "KB4004"
	ArtifactRefused     Code = "KB4005"
	ArtifactMissing     Code = "KB4006"
	ArtifactLockDamaged Code = "KB4007"
	VersionsConflict    Code = "KB4008"
)

// Faults of the state directory, certificates and keys, and of this machine's own disk.
const (
	StateExposed     Code = "KB4101"
	AuthorityDamaged Code = "KB4102"
	AuthorityLost    Code = "KB4103"
	AuthorityExpired Code = "KB4104"
	StoreBusy        Code = "KB4105"
	LocalNoSpace     Code = "KB4106"
	LocalDenied      Code = "KB4107"
)

// stateEntries are the faults of artifacts, certificates and the state directory.
var stateEntries = []Entry{
	{ArtifactUnpinned, "an artifact has no known sum",
		`Nothing is installed whose sha256 is not known beforehand. The sums of the default versions are built in; for another
version, or a mirror of your own builds, a lock file has them. Nothing was fetched and no host was touched.`,
		`Fetch the artifacts once, look at where they come from, and record their sums.

    kbootstrap artifacts lock -i hosts.yaml`},
	{ArtifactMismatch, "an artifact is not the one that was expected",
		`What came has another sha256 than the built-in table or the lock says, twice in a row. The mirror has another build, a
cache on the way is damaged, or somebody has replaced the file. It was not kept and no host got it.`,
		`Compare the sum with that of the project's release page before you trust the file. If your mirror has builds of its
own, record them with a lock.

    kbootstrap artifacts list -i hosts.yaml`},
	{ArtifactNotIt, "something else came in an artifact's place",
		`An HTML page came, as proxies and login pages send with status 200, or bytes that are no program and no archive. It was
not kept.`,
		`Open the URL in the message with curl: log in to the proxy, allow the URL, or use a mirror.

    curl -sSL URL | head -c 200`},
	{ArtifactUnreachable, "artifacts cannot be fetched",
		`The server cannot be reached, ended the transfer, was silent for too long, or answered that it is overloaded. It was
tried five times with growing pauses.`,
		`Check the network and HTTPS_PROXY, then run the same command again: what was fetched is kept. Without a way out, copy the
files into a directory and name it in the inventory (artifacts: {mirror: DIR}).`},
	{ArtifactRefused, "the server does not have, or does not give, an artifact",
		`The server answered with a status that trying again does not change: 404 for a version that there is not, 403 for a
mirror that wants you to log in.`,
		`Check the version in the inventory and the URL of the mirror.

    kbootstrap artifacts list -i hosts.yaml`},
	{ArtifactMissing, "a file is missing in the mirror directory",
		`The inventory names a directory as the mirror, and an artifact is not in it. Files lie there below the host and path of
their URL.`,
		`Copy the file to the path in the message.

    kbootstrap artifacts list -i hosts.yaml`},
	{ArtifactLockDamaged, "the artifact lock cannot be used",
		`The lock file is not YAML, is of another version, or has entries that are no URL or no sum. All of them are in the
message.`,
		`Mend the entries, or take the file from version control, or write it anew.

    kbootstrap artifacts lock -i hosts.yaml`},
	{VersionsConflict, "the chosen versions do not go together",
		`A component's version does not work with the chosen Kubernetes, as containerd 1.x with Kubernetes 1.36, or there is no
component of that name.`,
		`Leave the version out to have the one that was tested, or choose one that the message names.`},
	{StateExposed, "others can read the state directory",
		`The state directory holds the private keys of the cluster. It, or a file in it, can be read by others, belongs to
somebody else, or is a link. Like ssh with a private key, the tool does not use it so.`,
		`Type the command in the message. If others could really read the keys, make the cluster anew with new ones.

    chmod -R go= .kbootstrap`},
	{AuthorityDamaged, "a certificate authority or key cannot be used",
		`A file in the state directory is empty, cut off, encrypted, or not the other half of its pair. The whole cluster hangs
on it, so it is never replaced: hosts would stop trusting each other.`,
		`Restore the file from a backup of the state directory; docs/pki.md tells more.

    openssl x509 -in .kbootstrap/CLUSTER/pki/ca.crt -noout -text`},
	{AuthorityLost, "an authority is gone, and certificates that it issued are there",
		`The state directory has certificates of a cluster, and the key of an authority that they hang on is missing. A new one
would not be trusted by anything that runs.`,
		`Restore the state directory from a backup. A control plane has copies of some of it below /etc/kubernetes/pki.`},
	{AuthorityExpired, "a certificate authority is not valid at this time",
		`Its certificate has ended, or begins in the future: then this machine's clock is wrong. Certificates of hosts are renewed
by each run; an authority is renewed by hand, since every host has to learn of it.`,
		`Check this machine's clock, then renew the authority with its own key as docs/pki.md tells.

    date -u; timedatectl status`},
	{StoreBusy, "another run uses the state directory",
		`Certificates are issued by one run at a time. Another one on this machine has held the lock for half a minute.`,
		`Wait until the other run has ended. The lock cannot be left behind: it ends with its process.

    fuser -v .kbootstrap/*/pki/.lock`},
	{LocalNoSpace, "no space left on this machine",
		`A file of the cache, the state directory or the log could not be written on the machine that the tool runs on. What was
there before is still there.`,
		`Make space, or move the cache.

    df -h ~/.cache .
    export KBOOTSTRAP_CACHE=/a/larger/disk`},
	{LocalDenied, "this machine refuses access to a file",
		`A file or directory of the state, the cache or the configuration may not be read or written by this user, often since an
earlier run was made with sudo.`,
		`Give the path in the message back to your user.

    sudo chown -R "$USER" .kbootstrap ~/.cache/kbootstrap`},
}
