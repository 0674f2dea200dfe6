//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// logsKept keeps the logs of pods and of the services of hosts, through the loss of the pods of
// agents and store; shows them to those who log in, and to no others; and goes when it is turned
// off.
func logsKept(t *testing.T, l *lab) {
	l.edit("hosts:\n", "addons: {logging: {enabled: true}}\nhosts:\n")
	l.up()
	l.upAgain()
	if got := l.addOns(); got["logging"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}
	p := l.page(30428, "logging")
	l.kubectl("run", "speaker", "--image=docker.io/library/busybox:1.36.1", "--restart=Never", "--", "sh", "-c",
		"echo first-word-of-the-pod; trap 'exit 0' TERM; i=0; "+
			"while :; do i=$((i+1)); echo number $i of many; sleep 1; done")
	l.exec("w1", "systemd-cat", "--identifier=e2e", "true")
	l.exec("w1", "systemctl", "restart", "kube-proxy")
	p.finds(t, `{"kubernetes.pod_namespace"="default","kubernetes.pod_name"="speaker"} first-word-of-the-pod`, 1)
	p.finds(t, `{host="w1",_SYSTEMD_UNIT="kube-proxy.service"} _time:10m | limit 1`, 1)
	p.finds(t, `{host="cp1",_SYSTEMD_UNIT="etcd.service"} | limit 1`, 1)

	// Neither a store nor an agent that is away loses a line, or has one twice.
	l.kubectl("delete", "pod", "-n", "kube-system", "-l", "app=logs", "--wait=false")
	l.kubectl("delete", "pod", "-n", "kube-system", "-l", "app=log-agent", "--wait=false")
	l.kubectl("rollout", "status", "-n", "kube-system", "deployment/logs", "--timeout=120s")
	l.kubectl("rollout", "status", "-n", "kube-system", "daemonset/log-agent", "--timeout=120s")
	last := strings.TrimSpace(l.kubectl("logs", "speaker", "--tail=1"))
	p.finds(t, `{"kubernetes.pod_name"="speaker"} "`+last+`"`, 1) // what waited with the agent comes within a minute
	p.finds(t, `{"kubernetes.pod_name"="speaker"} first-word-of-the-pod`, 1)
	p.hasNoGap(t)
	l.kubectl("delete", "pod", "speaker", "--now")

	if r := l.run(2*time.Minute, "verify", "-i", l.inventory, "--only", "logstore"); r.code != 0 {
		t.Errorf("verify: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p.keepsOut(t, "/select/vmui/")
	p.shows(t, "/select/vmui/#/?query=first-word-of-the-pod", "logs.png", "Total logs returned")
	l.quickLook(t)
	l.edit("addons: {logging: {enabled: true}}\nhosts:\n", "hosts:\n")
	l.exits(9, "up", "-i", l.inventory).says(t, "KB6049", "--remove-addon logging")
	l.must(3*time.Minute, "up", "-i", l.inventory, "--remove-addon", "logging")
	l.upAgain()
	isNone := func(r result) bool { return r.code == 0 && r.stdout == "" }
	l.eventually(time.Minute, "nothing is left of logging", isNone, "cp1", "sh", "-c",
		"kubectl get all,secret,configmap,persistentvolumeclaim -n kube-system -o name | grep -E '/log' || true")
	l.eventually(time.Minute, "nothing is left on hosts", isNone, "w1", "sh", "-c",
		"ls -d /var/log/kbootstrap /etc/systemd/system/kbootstrap-unit-logs.service* 2>/dev/null || true")
}

// quickLook reads logs without the store.
func (l *lab) quickLook(t *testing.T) {
	out := l.must(time.Minute, "logs", "-i", l.inventory, "w1", "--unit", "kube-proxy", "--since", "10m")
	if !strings.Contains(out, " w1 kube-proxy: ") {
		t.Errorf("logs of kube-proxy: %s", out)
	}
	out = l.must(time.Minute, "logs", "-i", l.inventory, "coredns", "-n", "kube-system")
	if !strings.Contains(out, "CoreDNS-1.") {
		t.Errorf("logs of CoreDNS: %s", out)
	}
	var document struct {
		Result struct {
			Lines []struct{ Of, By, Text string }
		}
	}
	out = l.must(time.Minute, "logs", "-i", l.inventory, "cp1", "w1", "-o", "json", "-q", "--lines", "50")
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		l.fatalf("%v in %s", err, out)
	}
	of := map[string]int{}
	for _, line := range document.Result.Lines {
		of[line.Of]++
	}
	if of["cp1"] == 0 || of["w1"] == 0 || of["w1"] > 50 {
		t.Errorf("lines of hosts: %v", of)
	}
	l.exits(1, "logs", "-i", l.inventory, "missing").says(t, "KB6130")
}

// asks asks the store, and returns its answer, a line of JSON for each result.
func (p page) asks(t *testing.T, query string) []string {
	t.Helper()
	_, text := p.get(t, "/select/logsql/query?query="+url.QueryEscape(query))
	return strings.Split(strings.TrimSpace(text), "\n")
}

// finds waits until a query has so many results.
func (p page) finds(t *testing.T, query string, lines int) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		got := p.asks(t, query)
		if len(got) == lines && got[0] != "" {
			return
		}
		if time.Now().After(deadline) {
			p.l.fatalf("%s: %d results, not %d: %s", query, len(got), lines, got)
		}
		<-tick.C
	}
}

// hasNoGap waits until the lines that the pod has counted are all there, each once. What waited
// with an agent may come after what is new.
func (p page) hasNoGap(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		numbers := p.numbers(t)
		isWhole := len(numbers) >= 5
		for i, n := range numbers {
			isWhole = isWhole && n == i+1
		}
		if isWhole {
			t.Logf("%d lines, each once", len(numbers))
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("the lines of the pod are %v", numbers)
			return
		}
		<-tick.C
	}
}

// numbers are those that the lines of the pod in the store have, by time.
func (p page) numbers(t *testing.T) []int {
	t.Helper()
	var numbers []int
	for _, line := range p.asks(t, `{"kubernetes.pod_name"="speaker"} "of many" | sort by (_time) | fields _msg`) {
		var record struct {
			Message string `json:"_msg"`
		}
		var n int
		if json.Unmarshal([]byte(line), &record) == nil {
			if _, err := fmt.Sscanf(record.Message, "number %d of many", &n); err == nil {
				numbers = append(numbers, n)
			}
		}
	}
	return numbers
}
