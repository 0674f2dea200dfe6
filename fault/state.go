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
	ArtifactDisputed    Code = "KB4010"
	ArtifactInsecure    Code = "KB4011"
	CacheExposed        Code = "KB4012"
	BundleLacks         Code = "KB4020"
	BundleDamaged       Code = "KB4021"
	BundleDisputed      Code = "KB4022"
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
	KubeconfigNone   Code = "KB4115"
	KubeconfigOther  Code = "KB4116"
)

// stateEntries are the faults of artifacts, certificates and the state directory.
var stateEntries = []Entry{
	{ArtifactUnpinned, "an artifact has no known sum",
		`The tool installs nothing whose sha256 sum is not known beforehand. The sums of the default versions are built
in; a lock file has them for another version, for the images of a mirror, or for your own builds. Nothing was fetched
and no host was touched.`,
		`Fetch the artifacts once, over https or from a directory, check where they come from, and record their sums.
At a terminal up asks whether it shall do so; elsewhere --record says yes.

    kbootstrap artifacts lock -i hosts.yaml`},
	{ArtifactMismatch, "an artifact is not the one that was expected",
		`Twice in a row, the download had a sha256 sum other than the one in the built-in table or the lock. The mirror
has another build, a cache on the way is damaged, or someone has replaced the file. The download was not kept, and
no host got it.`,
		`Compare the sum with the one on the project's release page before you trust the file.

If your mirror has your own builds, say so in the inventory (artifacts: {ownBuilds: true}) and record them with a lock.
Docker publishes no sums, and has replaced a file in place before. If that is what happened, remove the entry from the
lock and lock again.

    kbootstrap artifacts list -i hosts.yaml`},
	{ArtifactNotIt, "something else arrived in place of an artifact",
		`The server sent an HTML page, as proxies and login pages do with status 200, or bytes that are neither a program
nor an archive. They were not kept.`,
		`Open the URL in the message with curl: log in to the proxy, allow the URL, or use a mirror.

    curl -sSL URL | head -c 200`},
	{ArtifactUnreachable, "artifacts cannot be fetched",
		`The server cannot be reached, ended the transfer, was silent for too long, or answered that it is overloaded. The
tool tried five times with growing pauses, or three times where it never had a connection to the server.`,
		`Check the network and HTTPS_PROXY, then run the same command again: what was fetched is kept. Without the
internet use a bundle (--bundle FILE) or a mirror (artifacts: {mirror: DIR}).

A bundle is made on a machine with the internet:

    kbootstrap bundle create -i hosts.yaml`},
	{ArtifactRefused, "the server does not have an artifact, or refuses to send it",
		`The server answered with a status that a retry does not change: 404 for a version that does not exist, 403 for a
mirror that wants you to log in.`,
		`Check the version in the inventory and the URL of the mirror.

    kbootstrap artifacts list -i hosts.yaml`},
	{ArtifactMissing, "a file is missing in the mirror directory",
		`The inventory names a directory as the mirror, but an artifact is not in it. Files belong at a path made of the
host and the path of their URL.`,
		`Copy the file to the path in the message.

    kbootstrap artifacts list -i hosts.yaml`},
	{ArtifactLockDamaged, "the artifact lock cannot be used",
		`The lock file is not YAML, has another version, or has entries that are not a URL or not a sum. The message lists
all of them.`,
		`Fix the entries, or restore the file from version control, or write it again.

    kbootstrap artifacts lock -i hosts.yaml`},
	{VersionsConflict, "the chosen versions do not go together",
		`A component's version does not work with the chosen Kubernetes, like containerd 1.x with Kubernetes 1.36, or
there is no component of that name.`,
		`Leave the version out to get the tested one, or choose one that the message names.`},
	{ArtifactDisputed, "the lock contradicts sums that the projects published",
		`The lock has another sum for an artifact than the tool knows from its project. Someone has changed the lock, or
the mirror has your own builds and the inventory does not say so. Nothing was fetched and no host was touched.`,
		`Find out who changed the entry and why. If the files are your own builds, add to the inventory:

    artifacts: {mirror: DIR, ownBuilds: true}`},
	{ArtifactInsecure, "an artifact without a known sum would come over plain http",
		`The sum of an artifact is taken on trust once, so that one time it must come over https or from a directory. Over
plain http anyone on the way can replace it.`,
		`Use an https mirror, or copy the files into a directory, and record the sums from there.

    kbootstrap artifacts lock -i hosts.yaml`},
	{CacheExposed, "others can write to the artifact cache",
		`The cache says which programs were in a verified archive. A part of it belongs to another user or can be written
by others, who could exchange programs there.`,
		`If no other user has, run the command in the message. Otherwise remove the cache; it is filled again.

    rm -r ~/.cache/kbootstrap/artifacts`},
	{BundleLacks, "the bundle lacks what the inventory needs",
		`With --bundle nothing is fetched. The inventory asks for a component, a version or an architecture that was not in
it when the bundle was made, another release of the tool has other default versions, or the bundle has only what is new
since an older one that was not named as well. No host was touched.`,
		`Use the tool that is in the bundle, or make another bundle from the inventory as it is now, where there is a network.

    tar xf FILE bin && bin/kbootstrap up -i hosts.yaml --bundle FILE
    kbootstrap bundle create -i hosts.yaml --arch amd64,arm64`},
	{BundleDamaged, "the file is no bundle, or it is damaged",
		`A bundle begins with a manifest that has the size and the sum of each file in it. The copy was cut off, a byte of
it changed on the way, or the file is something else. No host was touched.`,
		`Copy the bundle again, and compare its sum with the one that "bundle create" printed.

    sha256sum FILE
    kbootstrap bundle verify FILE`},
	{BundleDisputed, "the bundle has another file than the lock or the project says",
		`The sum of an artifact in the bundle differs from the one in the lock of the inventory, or from the one that its
project published. The lock was changed after the bundle was made, or the bundle was made from other files. No host was
touched.`,
		`Compare the lock in the bundle with the one next to the inventory, and find out who changed one.

    tar xOf FILE artifacts.lock | diff - artifacts.lock`},
	{StateExposed, "others can read the state directory",
		`The state directory holds the private keys of the cluster. The directory, or a file in it, can be read by others,
belongs to another user, or is a link. Like ssh with a private key, the tool refuses to use it.`,
		`Run the command in the message. If others could really read the keys, make the cluster again with new ones.

    chmod -R go= .kbootstrap`},
	{AuthorityDamaged, "a certificate authority or key cannot be used",
		`A file in the state directory is empty, cut off, encrypted, or not the other half of its pair. The whole cluster
depends on it, so the tool never replaces it: hosts would stop trusting each other.`,
		`Restore the file from a backup of the state directory; docs/pki.md says more.

    openssl x509 -in .kbootstrap/CLUSTER/pki/ca.crt -noout -text`},
	{AuthorityLost, "an authority is lost, but certificates that it issued exist",
		`The state directory has certificates of a cluster, but the key of an authority that they depend on is missing.
Nothing that is running would trust a new one.`,
		`Restore the state directory from a backup. A control plane has copies of some of it ` +
			`below /etc/kubernetes/pki.`},
	{AuthorityExpired, "a certificate authority is not valid at this time",
		`The authority's certificate has expired, or is not valid yet: then this machine's clock is wrong. Each run renews
the certificates of hosts; an authority is renewed by hand, because every host has to learn of it.`,
		`Check this machine's clock, then renew the authority with its own key as docs/pki.md describes.

    date -u; timedatectl status`},
	{StoreBusy, "another run uses the state directory",
		`Only one run at a time issues certificates. Another run on this machine has held the lock for half a minute.`,
		`Wait until the other run has ended. The lock cannot be left behind: it ends with its process.

    fuser -v .kbootstrap/*/pki/.lock`},
	{LocalNoSpace, "no space left on this machine",
		`A file of the cache, the state directory or the log could not be written on the machine that the tool runs on.
What was there before is still there.`,
		`Make space, or move the cache.

    df -h ~/.cache .
    export KBOOTSTRAP_CACHE=/a/larger/disk`},
	{LocalDenied, "this machine refuses access to a file",
		`A file or directory of the state, the cache or the configuration cannot be read or written by this user, often
because an earlier run used sudo.`,
		`Make your user the owner of the path in the message again.

    sudo chown -R "$USER" .kbootstrap ~/.cache/kbootstrap`},
	{KubeconfigNone, "there is no kubeconfig of the cluster yet",
		`The administrator's kubeconfig lies in the state directory, next to the inventory. It is written when the cluster
comes about. It is not there, so the cluster was not made from here, or not yet.`,
		`Make the cluster, or copy the state directory from the machine that made it.

    kbootstrap up -i hosts.yaml`},
	{KubeconfigOther, "the cluster cannot be added to a kubeconfig",
		`The file is not a kubeconfig that the tool can read and write again without changing what else is in it, or
another program has locked it. Nothing was written.`,
		`Do what the message says, or leave your own file alone and name that of the cluster in KUBECONFIG.

    kubectl --kubeconfig .kbootstrap/demo/admin.kubeconfig get nodes`},
}
