package inventory

import "kbootstrap/fault"

// UIAddOn is Headlamp: pages that show a cluster to people who have logged in with a token.
type UIAddOn struct {
	Enabled bool
	// Rights are those of the account that tokens for people are of: RightsView or RightsAdmin.
	Rights string
	// Name is the name of the pages behind the ingress; "" for a NodePort of their own, which is
	// Port.
	Name string
	Port int
}

// The values of UIAddOn.Rights: the cluster roles that Kubernetes itself has.
const (
	RightsView  = "view"
	RightsAdmin = "cluster-admin"
)

func defaultUI() UIAddOn { return UIAddOn{Rights: RightsView, Port: 30444} }

// uiFields returns the fields of addons.ui.
func uiFields(a *UIAddOn) []field {
	return []field{
		{name: "enabled", shape: "boolean", fallback: "false", read: flag(&a.Enabled),
			doc: "whether the cluster has Headlamp."},
		{name: "rights", shape: "`view` or `cluster-admin`", fallback: RightsView,
			read: oneOf(&a.Rights, RightsView, RightsAdmin),
			doc: "what people may do with a token of `kbootstrap addons token`: see everything but Secrets, or do " +
				"everything. The pages themselves have no rights."},
		{name: "name", shape: "DNS name", fallback: "none", read: str(&a.Name),
			doc: "the name of the pages behind the ingress, such as `ui.example.com`. Without one they have a " +
				"NodePort."},
		{name: "port", shape: "port", fallback: "30444", class: fault.InventoryPort, read: port(&a.Port),
			doc: "the NodePort for https, where there is no `name`."},
	}
}

// checkUI reports what cannot be.
func checkUI(r *reader, c *Cluster) {
	a := c.AddOns.UI
	if a.Name != "" && !isWebName(a.Name) {
		r.problem("addons.ui.name", "write it like ui.example.com", "%q is not a name that pages can have", a.Name)
	}
	switch {
	case !a.Enabled:
	case a.Name != "" && !c.AddOns.Ingress.Enabled:
		r.problem("addons.ui.name", "turn on addons.ingress, or leave the line out for a NodePort",
			"pages behind a name need the ingress, which is off")
	case a.Name == "":
		defer r.as(fault.InventoryPort)()
		checkNodePort(r, c, Port{"tcp", a.Port, "addons.ui.port"})
	}
}
