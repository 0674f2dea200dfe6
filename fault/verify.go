package fault

// Faults of trying a cluster.
const (
	VerifyFailed     Code = "KB6121"
	VerifyIncomplete Code = "KB6122"
	VerifyLeft       Code = "KB6123"
)

// verifyEntries are the faults of trying a cluster. docs/verify.md has the checks.
var verifyEntries = []Entry{
	{VerifyFailed, "a check of verify failed",
		`The cluster was tried with pods, and something that users rely on does not work: see the check in the table, the
hosts that it names, and the likely cause below it. The namespace of the checks was removed.`,
		`Do what the arrow below the failed check says, and try again.

    kbootstrap status -i hosts.yaml
    kbootstrap up -i hosts.yaml
    kbootstrap verify -i hosts.yaml --only pods,services`},
	{VerifyIncomplete, "some checks of verify could not be tried",
		`No check failed, but some were not made: the run was stopped, or what they need could not be made.`,
		`Try again, and let the run come to its end.

    kbootstrap verify -i hosts.yaml`},
	{VerifyLeft, "what verify made in the cluster is not removed yet",
		`The API did not answer when the namespace kbootstrap-verify-… was to be removed, or something in it
does not go: a pod on a host that is away, or objects of an API behind a Service that cannot be reached, such as
that of metrics-server. Until that answers Kubernetes removes no namespace whole.`,
		`Mend what the failed checks name, or bring the API back. The namespace then goes by itself, or with the next
verification.

    kubectl get namespaces -l kbootstrap.io/verify
    kbootstrap verify -i hosts.yaml`},
}
