package fault

// The codes of the add-ons that keep logs and figures.
const (
	LoginPassword Code = "KB4112"
	LogsOfNobody  Code = "KB6130"
	LogsUnread    Code = "KB6131"
)

// storeEntries are the faults of logging and monitoring.
var storeEntries = []Entry{
	{LoginPassword, "the password of a page cannot be used",
		`A file NAME.password in the state directory, which you may change, is not one line of at most 256 bytes.`,
		`Write another password, or remove the file: the next up makes a new one.

    rm .kbootstrap/CLUSTER/pki/logging.password`},
	{LogsOfNobody, "there is no host and no pod of that name",
		`What "logs" is given is the name of a host of the inventory, of a pod, or what the names of several pods begin
with. Pods are looked for in one namespace.`,
		`Name the namespace of the pod, and look which pods it has:

    kbootstrap logs --namespace kube-system coredns`},
	{LogsUnread, "logs cannot be read",
		`The host could not read its journal, or the API did not give the log of a container: it may not have started
yet, or its host does not answer.`,
		`Look at the pod with "kubectl describe", or at the host with "kbootstrap status".`},
}
