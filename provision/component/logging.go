package component

import (
	"fmt"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// logging is the add-on of logs: those of all pods and of the services of all hosts, in a store
// that can be asked and has a page. An agent on each host sends them, and keeps what it cannot
// send; unitLogs has the services write to a file for it.
//
// Agents send to a program next to the store, by a login that can read nothing: who is root on one
// host sees no logs of others.
var logging = optional(Component{
	Name:  "logging",
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{
		{Component: "victoria-logs", Version: "1.52.0", Image: "docker.io/victoriametrics/victoria-logs:v{version}"},
		{Component: "vlagent", Version: "1.52.0", Image: "docker.io/victoriametrics/vlagent:v{version}"},
	},
}, AddOn{
	Field: "logging", What: "the logs of all pods and services", HasData: true, IsOn: hasLogging,
	Reach: func(c *inventory.Cluster) string { return pageOf(c, c.AddOns.Logging, "/select/vmui/") },
}, func(t Target) []byte {
	a := t.Cluster.AddOns.Logging
	return loggingManifest.Render(loggingData{
		Store: t.Release.Image("victoria-logs"), Agent: t.Release.Image("vlagent"),
		StoreAddOn: a, Bound: storeBound(a), Page: t.page(certs.Logs),
		People: t.PKI.Login(certs.LoggingLogin), Agents: t.PKI.Login(certs.LoggingAgent),
		UnitLogs: unitLogsDir, AgentDir: logAgentDir, InDocker: t.Cluster.CRI == "dockerd",
	})
})

// storeBound is how much a store may take of its volume, in bytes: what it deletes goes a while
// after it is too much.
func storeBound(a inventory.StoreAddOn) int64 { return a.Bytes() / 10 * 9 }

// pageOf is the address of a page that every host serves at a port.
func pageOf(c *inventory.Cluster, a inventory.StoreAddOn, path string) string {
	planes := c.With(inventory.ControlPlane)
	if len(planes) == 0 {
		return ""
	}
	return fmt.Sprintf("https://%s:%d%s", planes[0].Address, a.Port, path)
}

// page is the certificate of a page.
func (t Target) page(service string) servedPage {
	certificate, key := t.PKI.Serving(service)
	return servedPage{Certificate: string(certificate), Key: string(key)}
}

// servedPage are the certificate and the key of a page, in PEM.
type servedPage struct{ Certificate, Key string }

// loggingData is the data of the objects of logging.
type loggingData struct {
	Store, Agent string // images
	inventory.StoreAddOn
	Bound              int64
	Page               servedPage
	People, Agents     certs.Login
	UnitLogs, AgentDir string // directories of hosts
	InDocker           bool   // the logs of pods are links into a directory of docker
}

var loggingManifest = templates.New[loggingData]("logging.yaml.tmpl")
