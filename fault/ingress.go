package fault

// Faults of what lets people in from outside: the ingress and the web UI.
const (
	IngressCertificate Code = "KB4110"
	NoPeople           Code = "KB6055"
)

var ingressEntries = []Entry{
	{IngressCertificate, "the ingress cannot serve its certificate",
		`The certificate that the inventory names for the ingress has expired: browsers would refuse every page. Nothing was
changed.`,
		`Put a new certificate and its key where the inventory says, or leave both lines out, so that the cluster's own
authority signs one.

    openssl x509 -enddate -noout -in FILE`},
	{NoPeople, "there is no account for people",
		`Tokens for people are of the account headlamp-user of the namespace kube-system, which goes with the web UI. It is off,
or up has not been run since it was turned on.`,
		`Turn the web UI on in the inventory, and run up.

    addons: {ui: {enabled: true}}`},
}
