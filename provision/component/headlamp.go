package component

import (
	"fmt"
	"net/netip"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// Headlamp is the component of the web UI, and PeopleAccount the account of the namespace
// kube-system that tokens for people are of.
const Headlamp, PeopleAccount = "headlamp", "headlamp-user"

// headlamp is the add-on of pages that show the cluster. They have no rights: what people see and
// do there is what their token may, which goes to the API with each request.
var headlamp = optional(Component{
	Name:  Headlamp,
	Short: "ui",
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{{
		Component: Headlamp, Version: "0.45.0", Image: "ghcr.io/headlamp-k8s/headlamp:v{version}",
	}},
	NamesAll: func(c *inventory.Cluster) bool { return c.AddOns.UI.Enabled && c.AddOns.UI.Name == "" },
}, AddOn{
	Field: "ui", What: "pages that show the cluster; log in with kbootstrap addons token", Reach: reachUI,
	IsOn: func(c *inventory.Cluster) bool { return c.AddOns.UI.Enabled },
}, func(t Target) []byte {
	certificate, key := t.PKI.Serving(certs.UI)
	return headlampManifest.Render(headlampData{
		Image: t.Release.Image(Headlamp), UIAddOn: t.Cluster.AddOns.UI, Account: PeopleAccount,
		Certificate: string(certificate), Key: string(key),
	})
})

// hasPagesByName reports whether the web UI is behind the ingress.
func hasPagesByName(c *inventory.Cluster) bool { return c.AddOns.UI.Enabled && c.AddOns.UI.Name != "" }

// reachUI is what people write in a browser.
func reachUI(c *inventory.Cluster) string {
	ui, ingress := c.AddOns.UI, c.AddOns.Ingress
	switch {
	case !ui.Enabled:
		return ""
	case ui.Name != "":
		return "https://" + withPort(ui.Name, ingress.HTTPS, 443)
	}
	return "https://" + withPort(c.Hosts[0].Address.String(), ui.Port, 443)
}

// withPort is a name with its port, unless that goes without saying.
func withPort(name string, port, usual int) string {
	if port == usual {
		return name
	}
	return fmt.Sprintf("%s:%d", name, port)
}

// isAddress reports whether a text is an IP address.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// headlampData is the data of the objects of Headlamp.
type headlampData struct {
	Image string
	inventory.UIAddOn
	Account          string
	Certificate, Key string // PEM
}

var headlampManifest = templates.New[headlampData]("headlamp.yaml.tmpl")
