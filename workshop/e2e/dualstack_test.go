//go:build e2e && hosts

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHostsDualStack: a cluster of both families, with a firewall on every host: firewalld on cp1,
// a table of nftables on w1. A Service of both is answered on both, and a policy closes both.
func TestHostsDualStack(t *testing.T) {
	l := newLab(t, "dual", "--dual-stack", "--control-planes", "1", "--workers", "1")
	// A firewalld that is stopped while it starts leaves its rules behind, which refuse the
	// kubelet's port.
	l.eventually(time.Minute, "firewalld is up", contains("running"), "w1", "firewall-cmd", "--state")
	l.exec("w1", "systemctl", "disable", "--now", "firewalld")
	l.edit("artifacts: {mirror", "firewall: configure\nartifacts: {mirror")
	l.up()
	l.upAgain()
	for _, step := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"nodes and DNS have both", bothFamilies},
		{"a Service of both is answered on both", dualService},
		{"a policy closes both", dualPolicy},
		{"off again is refused", dualOff},
		{"a host boots", dualBoot},
		{"reset", dualReset},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

func bothFamilies(t *testing.T, l *lab) {
	for _, test := range []struct{ what, want string }{
		{"get node w1 -o jsonpath={.status.addresses[*].address}", "192.168.56.12 fd00:192:168:56::12 w1"},
		{"-n kube-system get service kube-dns -o jsonpath={.spec.clusterIPs[*]}", "10.96.0.10 fd00:10:96::a"},
	} {
		if got := strings.TrimSpace(l.kubectl(strings.Fields(test.what)...)); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
	// Who registers first gets the first networks.
	both := l.kubectl("get", "nodes", "-o", "jsonpath={range .items[*]}{.spec.podCIDRs[*]}{\"\\n\"}{end}")
	nodes := strings.Split(strings.TrimSpace(both), "\n")
	slices.Sort(nodes)
	if !slices.Equal(nodes, []string{"10.244.0.0/24 fd00:10:244::/64", "10.244.1.0/24 fd00:10:244:1::/64"}) {
		t.Errorf("the nodes have the networks %q, want one of each family", nodes)
	}
	text := l.exec("cp1", "openssl", "x509", "-in", "/etc/kubernetes/pki/apiserver.crt", "-noout", "-text")
	for _, want := range []string{"IP Address:FD00:192:168:56:0:0:0:11", "IP Address:FD00:10:96:0:0:0:0:1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the API server's certificate lacks %s", want)
		}
	}
}

// dualWorld is a Service of both families, whose pod is on w1, and a pod on cp1.
const dualWorld = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30081}]
`

func dualService(t *testing.T, l *lab) {
	for _, h := range l.hosts() {
		l.image(h.Name)
	}
	l.apply(dualWorld + fmt.Sprintf(policyPod, "web", "shop", "w1") + fmt.Sprintf(policyPod, "asks", "shop", "cp1"))
	l.kubectl("wait", "-n", "shop", "--for=condition=Ready", "pods", "--all", "--timeout=100s")
	l.answersDual(t)
}

// answersDual asks for the page of the Service: from a pod on the other host by its two addresses
// and its name, and by the node ports of both hosts on both families.
func (l *lab) answersDual(t *testing.T) {
	t.Helper()
	ips := strings.Fields(l.kubectl("-n", "shop", "get", "service", "web", "-o", "jsonpath={.spec.clusterIPs[*]}"))
	pods := strings.Fields(l.kubectl("-n", "shop", "get", "pod", "web-w1", "-o", "jsonpath={.status.podIPs[*].ip}"))
	if len(ips) != 2 || len(pods) != 2 || !strings.HasPrefix(ips[1], "fd00:10:96:") ||
		!strings.HasPrefix(pods[1], "fd00:10:244:") {
		t.Fatalf("the Service has %q and its pod %q, want one address of each family", ips, pods)
	}
	type question struct {
		from []string
		url  string
	}
	var all []question
	pod := []string{"kubectl", "-n", "shop", "exec", "asks-cp1", "--", "timeout", "5", "wget", "-qO-"}
	for _, host := range []string{ips[0], "[" + ips[1] + "]", pods[0] + ":8080", "[" + pods[1] + "]:8080"} {
		all = append(all, question{pod, "http://" + host + "/"})
	}
	curl := []string{"curl", "-sS", "--max-time", "5"}
	for _, host := range []string{"192.168.56.11", "192.168.56.12", "[fd00:192:168:56::11]", "[fd00:192:168:56::12]"} {
		all = append(all, question{curl, "http://" + host + ":30081/"})
	}
	for _, q := range all {
		l.eventually(time.Minute, q.url+" answers",
			func(r result) bool { return r.code == 0 && r.stdout == "page\n" },
			"cp1", append(q.from, q.url)...)
	}
}

func dualPolicy(t *testing.T, l *lab) {
	l.apply(denyAll)
	pods := strings.Fields(l.kubectl("-n", "shop", "get", "pod", "web-w1", "-o", "jsonpath={.status.podIPs[*].ip}"))
	for _, host := range []string{pods[0], "[" + pods[1] + "]"} {
		l.eventually(time.Minute, host+" is closed", func(r result) bool { return r.code != 0 }, "cp1", "kubectl", "-n",
			"shop", "exec", "asks-cp1", "--", "timeout", "5", "wget", "-qO-", "http://"+host+":8080/")
	}
	l.kubectl("delete", "networkpolicy", "-n", "shop", "deny-all")
	l.answersDual(t)
}

// dualOff takes the second family out of the inventory of the cluster that has it.
func dualOff(t *testing.T, l *lab) {
	const networks = "network: {ipv6: {pods: \"fd00:10:244::/56\", services: \"fd00:10:96::/112\"}}\n"
	l.edit(networks, "")
	for _, h := range []string{"11", "12"} {
		l.edit("    ipv6: \"fd00:192:168:56::"+h+"\"\n", "")
	}
	l.exits(9, "plan", "-i", l.inventory).says(t,
		"network.ipv6.pods is fd00:10:244::/56 in the running cluster (on cp1), but none in the inventory")
	l.edit("hosts:\n", networks+"hosts:\n")
	for _, h := range []string{"11", "12"} {
		address := "    address: 192.168.56." + h + "\n"
		l.edit(address, address+"    ipv6: \"fd00:192:168:56::"+h+"\"\n")
	}
	l.upAgain()
}

func dualBoot(t *testing.T, l *lab) {
	l.mustLab(2*time.Minute, "stop", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	l.heals()
	l.kubectl("wait", "-n", "shop", "--for=condition=Ready", "pods", "--all", "--timeout=100s")
	l.answersDual(t)
	l.upAgain()
}

func dualReset(t *testing.T, l *lab) {
	l.must(4*time.Minute, "reset", "-i", l.inventory, "--confirm", "dual")
	for _, h := range l.hosts() {
		left := l.exec(h.Name, "sh", "-c", "ip6tables-save | grep -e KUBE -e FLANNEL; ip -o link | grep flannel; "+
			"ip -6 route | grep fd00:10:; true")
		if strings.TrimSpace(left) != "" {
			t.Errorf("%s has after the reset:\n%s", h.Name, left)
		}
	}
}
