//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// figuresKept has figures of hosts, pods and servers, and draws them.
func figuresKept(t *testing.T, l *lab) {
	l.edit("hosts:\n", "addons: {monitoring: {enabled: true}}\nhosts:\n")
	l.up()
	l.upAgain()
	if got := l.addOns(); got["monitoring"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}
	p := l.page(30429, "monitoring")
	for query, results := range map[string]int{
		`up{job="kubelet"} == 1`: 2, `up{job="apiserver"} == 1`: 1, `up{job="etcd"} == 1`: 1, `up{job="host"} == 1`: 2,
		`up{job="servers"} == 1`: 2, `up{job="pods"} == 1`: 2, `etcd_server_has_leader == 1`: 1,
		`max(node_collector_unhealthy_nodes_in_zone) == 0`:                                     1,
		`count by (host) (node_filesystem_avail_bytes) > 0`:                                    2,
		`sum(container_memory_working_set_bytes{namespace="kube-system",container="coredns"})`: 1,
	} {
		p.figures(t, query, results)
	}
	p.keepsOut(t, "/vmui/")
	p.keepsOut(t, "/api/v1/query?query=up")
	p.shows(t, "/vmui/#/dashboards", "graphs.png", "CPU", "Memory in use", "cp1")
	// etcd's figures are of the host alone, and no key comes by that way.
	out := l.exec("cp1", "sh", "-c", `curl -s http://127.0.0.1:2381/v3/kv/range -d '{"key":"Lw=="}'`)
	if !strings.Contains(out, "404") {
		t.Errorf("etcd's port of figures: %s", out)
	}
	l.edit("addons: {monitoring: {enabled: true}}\nhosts:\n", "hosts:\n")
	l.must(3*time.Minute, "up", "-i", l.inventory, "--remove-addon", "monitoring")
	l.upAgain()
}

// figures waits until a query has so many results.
func (p page) figures(t *testing.T, query string, results int) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var answer struct{ Data struct{ Result []any } }
		status, text := p.get(t, "/api/v1/query?query="+url.QueryEscape(query))
		err := json.Unmarshal([]byte(text), &answer)
		if err == nil && len(answer.Data.Result) == results && status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			p.l.fatalf("%s: %d results, not %d: %v %s", query, len(answer.Data.Result), results, err, text)
		}
		<-tick.C
	}
}
