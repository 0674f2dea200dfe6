package fault

// Faults of an audit.
const (
	AuditFailed     Code = "KB6115"
	AuditIncomplete Code = "KB6116"
)

// auditEntries are the faults of an audit. docs/cis.md has the checks.
var auditEntries = []Entry{
	{AuditFailed, "a check of the audit failed",
		`The cluster is not as a check of the CIS Kubernetes Benchmark asks, or one of the tool's own, and the profile that
it was judged by promises that it is. A host or the API was changed, or a version of this tool before made the
cluster. Nothing was changed.`,
		`Do what the arrow below each failed check says. What is the tool's own, up puts back.

    kbootstrap drift -i hosts.yaml
    kbootstrap up -i hosts.yaml`},
	{AuditIncomplete, "the audit could not look at everything",
		`No check failed, but the evidence of some could not be had: a host or the API did not answer, or a program that a
check is about does not run. Such a check has not passed.`,
		`See why the host, the API or the program does not answer, and audit again.

    kbootstrap status -i hosts.yaml`},
}
