//go:build e2e && hosts

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostsNetworkPolicy: a cluster of before gets what enforces policies by a plain up, while its
// pods go on talking; policies then decide who reaches whom, from real pods on both hosts; and a
// host that is reset has none of its rules, and all of the owner's.
func TestHostsNetworkPolicy(t *testing.T) {
	l := newLab(t, "netpol", "--control-planes", "1", "--workers", "1")
	for _, step := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"policies without effect", policiesOff},
		{"a running cluster is given it", policiesComeAlong},
		{"who reaches whom", policiesDecide},
		{"restarts", policiesOutlive},
		{"off again", policiesOffAgain},
		{"reset", policiesReset},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// policyPod is a pod that serves a page, and is not Ready as soon as its kubelet is not served.
const policyPod = `---
apiVersion: v1
kind: Pod
metadata: {name: %[1]s-%[3]s, namespace: %[2]s, labels: {app: %[1]s}}
spec:
  nodeName: %[3]s
  terminationGracePeriodSeconds: 0
  containers:
  - name: page
    image: docker.io/library/busybox:1.36.1
    command: [sh, -c, 'mkdir /www; echo page >/www/index.html; trap "exit 0" TERM; httpd -f -p 8080 -h /www & wait']
    readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1, failureThreshold: 1}
`

// policyWorld is two namespaces, and the Service of the pods that others want to reach.
const policyWorld = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: other, labels: {team: trusted}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30081}]
`

// policy is a NetworkPolicy with a specification in one line.
func policy(namespace, name, spec string) string {
	return fmt.Sprintf("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"+
		"metadata: {name: %s, namespace: %s}\nspec: %s\n", name, namespace, spec)
}

// denyAll is a policy that lets nothing in.
var denyAll = policy("shop", "deny-all", "{podSelector: {}, policyTypes: [Ingress]}")

// policiesOff has policies that have no effect, and a status that says so.
func policiesOff(t *testing.T, l *lab) {
	l.edit("hosts:", "network: {policy: none}\nhosts:")
	l.up()
	for _, h := range []string{"cp1", "w1"} {
		l.image(h)
		l.exec(h, "sh", "-c", `set -e
iptables -N OWNER; iptables -A OWNER -j RETURN; iptables -I FORWARD -m comment --comment "of the owner" -j OWNER
ipset create owner hash:ip; ipset create TMP-owner hash:ip`)
	}
	world := policyWorld
	for _, pod := range [][3]string{
		{"web", "shop", "cp1"}, {"web", "shop", "w1"}, {"friend", "shop", "cp1"}, {"friend", "shop", "w1"},
		{"stranger", "shop", "cp1"}, {"stranger", "shop", "w1"}, {"guest", "other", "w1"},
	} {
		world += fmt.Sprintf(policyPod, pod[0], pod[1], pod[2])
	}
	l.apply(world)
	l.podsReady(t)
	l.apply(denyAll)
	l.reach(t, "shop/stranger-w1", true, "web-cp1", "web-w1", "service", "node port")
	r := l.exits(0, "status", "-i", l.inventory)
	r.says(t, "the NetworkPolicy shop/deny-all is not enforced")
	var document struct {
		Result struct {
			Problems []struct{ Level, Area, Text string }
		}
	}
	out := l.must(time.Minute, "status", "-i", l.inventory, "-o", "json")
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	if p := document.Result.Problems; len(p) == 0 || p[0].Level != "warning" || p[0].Area != "policies" {
		t.Errorf("problems %+v", p)
	}
	l.kubectl("delete", "networkpolicy", "-n", "shop", "deny-all")
	l.upAgain()
}

// policiesComeAlong has pods that ask each other all the time while up installs what enforces.
func policiesComeAlong(t *testing.T, l *lab) {
	web := l.podIP("web-w1")
	ask := fmt.Sprintf("rm -f /tmp/stop; (while [ ! -e /tmp/stop ]; do timeout 5 wget -qO- http://%s:8080 >/dev/null "+
		"&& echo ok || echo lost; done >/tmp/asked; echo end >>/tmp/asked) </dev/null >/dev/null 2>&1 &", web)
	l.kubectl("exec", "-n", "shop", "friend-cp1", "--", "sh", "-c", ask)
	l.kubectl("exec", "-n", "shop", "friend-w1", "--", "sh", "-c", ask)
	routes := func() string { return l.exec("w1", "ip", "route") + l.exec("cp1", "ip", "route") }
	before := routes()
	l.edit("policy: none", "policy: kube-router")
	l.up()
	for _, pod := range []string{"friend-cp1", "friend-w1"} {
		l.kubectl("exec", "-n", "shop", pod, "--", "touch", "/tmp/stop")
		l.eventually(time.Minute, "the loop ends", contains("end"),
			"cp1", "kubectl", "exec", "-n", "shop", pod, "--", "tail", "-n", "1", "/tmp/asked")
		asked := l.kubectl("exec", "-n", "shop", pod, "--", "cat", "/tmp/asked")
		t.Logf("%s asked %d times", pod, strings.Count(asked, "ok"))
		if strings.Contains(asked, "lost") || !strings.Contains(asked, "ok") {
			t.Errorf("%s: %d of %d were lost", pod, strings.Count(asked, "lost"), strings.Count(asked, "\n"))
		}
	}
	if after := routes(); after != before {
		t.Errorf("routes before\n%s\nafter\n%s", before, after)
	}
	l.ownersRules(t)
	l.upAgain()
	l.exits(0, "status", "-i", l.inventory)
}

// ownersRules checks that the owner's rules and sets are there.
func (l *lab) ownersRules(t *testing.T) {
	t.Helper()
	for _, h := range []string{"cp1", "w1"} {
		if rules := l.exec(h, "iptables-save"); !strings.Contains(rules, "-A OWNER -j RETURN") ||
			!strings.Contains(rules, `--comment "of the owner" -j OWNER`) {
			t.Errorf("%s: the owner's rules are gone:\n%s", h, rules)
		}
		if sets := l.exec(h, "ipset", "list", "-name"); !strings.Contains(sets, "owner\nTMP-owner\n") {
			t.Errorf("%s: the owner's sets are gone: %q", h, sets)
		}
	}
}

// podsReady waits until every pod of the two namespaces is Ready.
func (l *lab) podsReady(t *testing.T) {
	t.Helper()
	for _, namespace := range []string{"shop", "other"} {
		l.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pods", "--all", "--timeout=100s")
	}
}

// podIP is the address of a pod of the shop.
func (l *lab) podIP(name string) string {
	l.t.Helper()
	return l.kubectl("get", "pod", "-n", "shop", name, "-o", "jsonpath={.status.podIP}")
}

// reach waits until a pod reaches each of the targets, or does not: a pod of the shop, "service",
// "node port", or "dns".
func (l *lab) reach(t *testing.T, from string, want bool, targets ...string) {
	t.Helper()
	namespace, pod, _ := strings.Cut(from, "/")
	for _, target := range targets {
		ask, text := []string{"timeout", "5", "wget", "-qO-"}, "page\n"
		switch target {
		case "dns":
			ask = []string{"timeout", "5", "nslookup", "kubernetes.default.svc.cluster.local", "10.96.0.10"}
			text = "10.96.0.1\n"
		case "service":
			ask = append(ask, "http://"+
				l.kubectl("get", "service", "-n", "shop", "web", "-o", "jsonpath={.spec.clusterIP}"))
		case "node port":
			ask = append(ask, "http://192.168.56.11:30081")
		default:
			ask = append(ask, "http://"+l.podIP(target)+":8080")
		}
		reached := func(r result) bool {
			return r.code == 0 && strings.Contains(r.stdout, text) == want || r.code != 0 && !want
		}
		l.eventually(time.Minute, fmt.Sprintf("%s reaches %s: %t", from, target, want), reached,
			"cp1", append([]string{"kubectl", "exec", "-n", namespace, pod, "--"}, ask...)...)
	}
}

// policiesDecide adds one policy after the other: what is closed, what each opens, and that it is
// open again when they are gone.
func policiesDecide(t *testing.T, l *lab) {
	all := []string{"web-cp1", "web-w1", "service", "node port"}
	l.reach(t, "shop/stranger-w1", true, all...)

	l.apply(denyAll)
	for _, pod := range []string{"shop/stranger-w1", "shop/stranger-cp1", "shop/friend-w1", "other/guest-w1"} {
		l.reach(t, pod, false, all...)
	}
	l.reach(t, "shop/stranger-w1", true, "dns")
	// The host of a pod always reaches it, and so do the API server there and kubectl anywhere.
	l.podsReady(t)
	if page := l.kubectl("get", "--raw", "/api/v1/namespaces/shop/pods/web-cp1:8080/proxy/"); page != "page\n" {
		t.Errorf("the API server gets %q of a pod of its host", page)
	}
	if page := l.kubectl("exec", "-n", "shop", "web-w1", "--", "cat", "/www/index.html"); page != "page\n" {
		t.Errorf("kubectl exec gets %q", page)
	}

	l.apply(policy("shop", "friends", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: 8080}]}]}"))
	l.reach(t, "shop/friend-w1", true, "web-cp1", "web-w1", "service")
	l.reach(t, "shop/friend-cp1", true, "web-cp1", "web-w1", "service")
	l.reach(t, "shop/stranger-w1", false, all...)
	l.reach(t, "other/guest-w1", false, all...)

	l.apply(policy("shop", "trusted", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{namespaceSelector: {matchLabels: {team: trusted}}}]}]}"))
	l.reach(t, "other/guest-w1", true, "web-cp1", "web-w1", "service")
	l.reach(t, "shop/stranger-cp1", false, all...)

	l.apply(policy("other", "names-only", "{podSelector: {}, policyTypes: [Egress], "+
		"egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], "+
		"ports: [{protocol: UDP, port: 53}]}]}"))
	l.reach(t, "other/guest-w1", false, all...)
	l.reach(t, "other/guest-w1", true, "dns")

	l.apply(policy("other", "to-the-shop", "{podSelector: {}, policyTypes: [Egress], "+
		"egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]}"))
	l.reach(t, "other/guest-w1", true, "web-cp1", "web-w1", "service", "dns")

	l.apply(policy("shop", "everybody", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"))
	l.reach(t, "shop/stranger-w1", true, all...)

	l.kubectl("delete", "networkpolicy", "-n", "shop", "--all")
	l.kubectl("delete", "networkpolicy", "-n", "other", "--all")
	for _, pod := range []string{"shop/stranger-w1", "shop/stranger-cp1", "other/guest-w1"} {
		l.reach(t, pod, true, all...)
	}
}

// policiesOutlive restarts what they depend on.
func policiesOutlive(t *testing.T, l *lab) {
	l.apply(denyAll + policy("shop", "friends", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}]}]}"))
	holds := func() {
		t.Helper()
		l.reach(t, "shop/stranger-w1", false, "web-cp1", "web-w1", "service")
		l.reach(t, "shop/friend-w1", true, "web-cp1", "web-w1", "service")
	}
	holds()
	l.exec("w1", "systemctl", "restart", "flanneld", "kube-proxy")
	holds()
	l.exec("w1", "systemctl", "kill", "--signal=KILL", "kube-router")
	holds()
	l.exec("w1", "systemctl", "stop", "kube-router")
	holds() // its rules stay
	l.exits(7, "status", "-i", l.inventory).says(t, "kube-router: service kube-router.service is not running")
	l.up()
	l.mustLab(2*time.Minute, "stop", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	l.ready(2, 3*time.Minute)
	l.podsReady(t)
	l.heals()
	holds()
	for _, h := range []string{"cp1", "w1"} {
		if jump := l.exec(h, "iptables", "-S", "FORWARD", "1"); !strings.Contains(jump, "-j KUBE-ROUTER-FORWARD") {
			t.Errorf("%s: policies are not asked first: %s", h, jump)
		}
	}
	l.upAgain()
}

// policiesOffAgain takes it off: nothing that it made is left, and the pods are open.
func policiesOffAgain(t *testing.T, l *lab) {
	l.edit("policy: kube-router", "policy: none")
	l.up()
	for _, h := range []string{"cp1", "w1"} {
		l.noPolicyRules(t, h)
	}
	l.reach(t, "shop/stranger-w1", true, "web-cp1", "web-w1", "service")
	l.exits(0, "status", "-i", l.inventory).says(t, "the NetworkPolicy shop/deny-all is not enforced")
	l.upAgain()
	l.edit("policy: none", "policy: kube-router")
	l.up()
	l.reach(t, "shop/stranger-w1", false, "web-cp1", "web-w1", "service")
}

// noPolicyRules checks that nothing of kube-router is on a host.
func (l *lab) noPolicyRules(t *testing.T, host string) {
	t.Helper()
	rules := l.exec(host, "iptables-save") + l.exec(host, "ipset", "list", "-name")
	for _, name := range []string{"KUBE-ROUTER", "KUBE-POD-FW", "KUBE-NWPLCY", "KUBE-SRC", "KUBE-DST", "TMP-[A-Z]"} {
		if strings.Contains(rules, name) {
			t.Errorf("%s has %s:\n%s", host, name, rules)
		}
	}
}

func policiesReset(t *testing.T, l *lab) {
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "netpol")
	for _, h := range []string{"cp1", "w1"} {
		l.noPolicyRules(t, h)
		if left := l.runLab(time.Minute, "exec", h, "--", "sh", "-c",
			"ls -d /etc/systemd/system/kube-router* /usr/local/bin/kube-router /etc/kubernetes"); left.stdout != "" {
			t.Errorf("%s: left are %q", h, left.stdout)
		}
	}
}
