package component

import (
	_ "embed"
	"fmt"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// monitoring is the add-on of figures over time: a store with pages of graphs, rules of alerts, and
// what asks hosts, pods and servers. What listens on the loopback interface of a host alone, as
// etcd's figures do, an agent on that host asks, and sends: no port is opened for it, and no
// program gets a key of etcd.
var monitoring = optional(Component{
	Name:  "monitoring",
	After: []string{"kube-controller-manager"},
	Sources: []release.Source{
		victoriaMetrics("victoria-metrics"), victoriaMetrics("vmagent"), victoriaMetrics("vmalert"),
		{Component: "node-exporter", Version: "1.12.1", Image: "quay.io/prometheus/node-exporter:v{version}"},
	},
}, AddOn{
	Field: "monitoring", What: "figures over time, graphs and alerts", HasData: true, IsOn: hasMonitoring,
	Reach: func(c *inventory.Cluster) string { return pageOf(c, c.AddOns.Monitoring, "/vmui/") },
}, func(t Target) []byte {
	data := monitoringData{
		Store: t.Release.Image("victoria-metrics"), Agent: t.Release.Image("vmagent"),
		Alerts: t.Release.Image("vmalert"), Exporter: t.Release.Image("node-exporter"),
		StoreAddOn: t.Cluster.AddOns.Monitoring, Page: t.page(certs.Graphs),
		People: t.PKI.Login(certs.MonitoringLogin), Agents: t.PKI.Login(certs.MonitoringAgent),
		ExporterPort: nodeExporterPort, AgentPort: metricsAgentPort,
		Dashboard: clusterDashboard,
	}
	rules := alertRulesData{APIServers: len(t.Cluster.With(inventory.ControlPlane))}
	for _, h := range t.Cluster.Hosts {
		at := figuresOf{Host: h.Name}
		if h.Has(inventory.ControlPlane) {
			data.APIServers = append(data.APIServers, apiServerAt{
				Host: h.Name, Address: fmt.Sprintf("%s:%d", h.Address, t.Cluster.Network.APIPort),
			})
			at.Servers = true
		}
		if h.Has(inventory.Etcd) && h.Has(inventory.ControlPlane) || h.Has(inventory.Etcd) && h.Has(inventory.Worker) {
			at.Etcd = true
			rules.Members++
		}
		if at.Etcd || at.Servers {
			data.Hosts = append(data.Hosts, at)
		}
	}
	data.Rules = string(alertRules.Render(rules))
	return monitoringManifest.Render(data)
})

// victoriaMetrics is one of the programs of the store of figures, which have one version.
func victoriaMetrics(name string) release.Source {
	return release.Source{
		Component: name, Version: "1.148.9", Image: "docker.io/victoriametrics/" + name + ":v{version}",
	}
}

// The ports on the loopback interface of hosts, none of which is what others' exporters take.
const (
	nodeExporterPort = 19100
	metricsAgentPort = 18429
	etcdFiguresPort  = 2381
)

// hasMonitoring reports whether a cluster keeps its figures.
func hasMonitoring(c *inventory.Cluster) bool { return c.AddOns.Monitoring.Enabled }

// inMonitoring is a port of clusters that keep their figures.
func inMonitoring(port int) func(*inventory.Cluster) int {
	return func(c *inventory.Cluster) int {
		if !hasMonitoring(c) {
			return 0
		}
		return port
	}
}

// monitoringData is the data of the objects of monitoring.
type monitoringData struct {
	Store, Agent, Alerts, Exporter string // images
	inventory.StoreAddOn
	Page                    servedPage
	People, Agents          certs.Login
	ExporterPort, AgentPort int
	APIServers              []apiServerAt
	Hosts                   []figuresOf
	Rules, Dashboard        string
}

// apiServerAt is an API server that is asked for its figures.
type apiServerAt struct{ Host, Address string }

// figuresOf says which servers listen on the loopback interface of a host: etcd, and the controller
// manager and the scheduler.
type figuresOf struct {
	Host          string
	Etcd, Servers bool
}

// alertRulesData is the data of the rules of alerts.
type alertRulesData struct {
	Members    int // of etcd, that agents can ask
	APIServers int
}

// clusterDashboard is the page of graphs: https://docs.victoriametrics.com/#vmui, "Dashboards".
//
//go:embed dashboard.json
var clusterDashboard string

var (
	monitoringManifest = templates.New[monitoringData]("monitoring.yaml.tmpl")
	alertRules         = templates.New[alertRulesData]("alert-rules.yaml.tmpl")
)
