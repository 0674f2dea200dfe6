package component

import (
	"encoding/base64"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// metricsServer is the add-on of figures: what nodes and pods use. It asks the kubelets, as a user
// who may see these and nothing else.
var metricsServer = optional(Component{
	Name:  "metrics-server",
	Short: "metrics",
	// Kubelets answer it as soon as they are there; its API answers when it has asked them once.
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{{
		Component: "metrics-server", Image: "registry.k8s.io/metrics-server/metrics-server:v{version}",
		Like: []string{"kubelet"},
	}},
}, AddOn{
	Field: "metrics", What: "figures of nodes and pods, and scaling by them", Reach: by("kubectl top nodes"),
	IsOn: func(c *inventory.Cluster) bool { return c.AddOns.Metrics.Enabled },
}, func(t Target) []byte {
	certificate, key := t.PKI.Serving(certs.MetricsServer)
	return metricsServerManifest.Render(metricsServerData{
		Image: t.Release.Image("metrics-server"), Replicas: t.replicas(),
		Certificate: string(certificate), Key: string(key),
		Authority: base64.StdEncoding.EncodeToString(t.PKI.Authority()),
	})
})

// replicas is how many pods an add-on has whose loss people notice: two where more than one control
// plane says that the cluster is to outlive a host.
func (t Target) replicas() int {
	return min(2, len(t.Cluster.With(inventory.ControlPlane)))
}

// metricsServerData is the data of the objects of metrics-server.
type metricsServerData struct {
	Image            string
	Replicas         int
	Certificate, Key string // PEM
	Authority        string // base64 of PEM
}

var metricsServerManifest = templates.New[metricsServerData]("metrics-server.yaml.tmpl")
