package component

import (
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// traefikOf is the data of Traefik with ports of hosts or with NodePorts, on all hosts or on some.
func traefikOf(ports string, hosts []string) traefikData {
	return traefikData{
		Image: "docker.io/library/traefik:v3.7.13", Replicas: 2,
		IngressAddOn: inventory.IngressAddOn{
			Ports: ports, HTTP: 80, HTTPS: 443, Hosts: hosts, Default: true,
		},
		Shown: "ip=192.0.2.1", Where: strings.Join(hosts, ", "),
		UI: ports == inventory.NodePorts, UIServer: "headlamp.kube-system.svc",
		Certificate: "-----BEGIN CERTIFICATE-----\n", Key: "-----BEGIN EC PRIVATE KEY-----\n",
	}
}

// headlampOf is the data of Headlamp behind a name, or at a NodePort.
func headlampOf(name string) headlampData {
	return headlampData{
		Image:   "ghcr.io/headlamp-k8s/headlamp:v0.45.0",
		UIAddOn: inventory.UIAddOn{Rights: inventory.RightsView, Name: name, Port: 30444}, Account: PeopleAccount,
		Certificate: "-----BEGIN CERTIFICATE-----\n", Key: "-----BEGIN EC PRIVATE KEY-----\n",
	}
}

// TestFirewallAtEntrances: only the hosts that take requests let everybody in at the ports of the
// ingress.
func TestFirewallAtEntrances(t *testing.T) {
	target := firewallTarget()
	target.Cluster.AddOns.Ingress = inventory.IngressAddOn{
		Enabled: true, Ports: inventory.HostPorts, HTTP: 80, HTTPS: 443,
	}
	worker := rulesOf(target)
	target.Host = target.Cluster.Hosts[0]
	plane := rulesOf(target)
	for _, port := range []string{"80", "443"} {
		rule := "\t\ttcp dport " + port + " accept"
		if !strings.Contains(worker, rule) || strings.Contains(plane, rule) {
			t.Errorf("port %s: the worker has\n%s\nand the control plane\n%s", port, worker, plane)
		}
	}
}
