//go:build e2e && hosts

package e2e

import "testing"

// TestHostsAlerts stops what monitoring watches: an alert comes, and goes when all is well again.
func TestHostsAlerts(t *testing.T) {
	l := newLab(t, "alerts", "--control-planes", "1", "--workers", "1")
	l.edit("hosts:\n", "addons: {monitoring: {enabled: true}}\nhosts:\n")
	l.up()
	l.exits(0, "addons", "-i", l.inventory, "--wait")
	p := l.page(30429, "monitoring")
	p.figures(t, `up{job="kubelet"} == 1`, 2)
	// The store is in a pod itself, so it stays with the other host.
	watched := "w1"
	store := l.kubectl("get", "pods", "-n", "kube-system", "-l", "app=graphs", "-o",
		"jsonpath={.items[0].spec.nodeName}")
	if store == "w1" {
		watched = "cp1"
	}
	l.exec(watched, "systemctl", "stop", "kubelet")
	p.figures(t, `ALERTS{alertname="KubeletDoesNotAnswer",host="`+watched+`"}`, 1)
	p.figures(t, `max(node_collector_unhealthy_nodes_in_zone) == 1`, 1)
	p.figures(t, `ALERTS{alertname="KubeletDoesNotAnswer",alertstate="firing"}`, 1)
	l.exec(watched, "systemctl", "start", "kubelet")
	p.figures(t, `ALERTS{alertname="KubeletDoesNotAnswer"}`, 0)
	l.heals()
}
