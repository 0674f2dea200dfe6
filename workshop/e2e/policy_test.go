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

// policyPod is a pod that serves a page at two ports, and is not Ready as soon as its kubelet is
// not served.
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
    command: [sh, -c, 'mkdir /www; echo page >/www/index.html; trap "exit 0" TERM; httpd -f -p 9090 -h /www & httpd -f -p 8080 -h /www & wait']
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
		l.makeOwnersRules(h)
	}
	world := policyWorld
	for _, pod := range [][3]string{
		{"web", "shop", "cp1"}, {"web", "shop", "w1"}, {"friend", "shop", "cp1"}, {"friend", "shop", "w1"},
		{"stranger", "shop", "cp1"}, {"stranger", "shop", "w1"}, {"guest", "other", "w1"}, {"guest", "other", "cp1"},
	} {
		world += fmt.Sprintf(policyPod, pod[0], pod[1], pod[2])
	}
	l.apply(world)
	l.podsReady(t)
	l.apply(denyAll)
	l.reach(t, "shop/stranger-w1", true, "shop/web-cp1", "shop/web-w1", "shop/web-w1:9090", "service", "node port")
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
	friends := []string{"shop/friend-cp1", "shop/friend-w1"}
	for _, pod := range friends {
		l.beginAsking(pod, "shop/web-w1")
	}
	routes := func() string { return l.exec("w1", "ip", "route") + l.exec("cp1", "ip", "route") }
	before := routes()
	l.edit("policy: none", "policy: kube-router")
	l.up()
	for _, pod := range friends {
		if reached, lost := l.endAsking(pod); lost > 0 || reached == 0 {
			t.Errorf("%s: %d of %d were lost", pod, lost, reached+lost)
		}
	}
	if after := routes(); after != before {
		t.Errorf("routes before\n%s\nafter\n%s", before, after)
	}
	l.ownersRules(t)
	l.upAgain()
	l.exits(0, "status", "-i", l.inventory)
}

// makeOwnersRules gives a host rules and sets of addresses of its owner, which end when it is off.
func (l *lab) makeOwnersRules(host string) {
	l.t.Helper()
	l.exec(host, "sh", "-c", `set -e
iptables -N OWNER; iptables -A OWNER -j RETURN; iptables -I FORWARD -m comment --comment "of the owner" -j OWNER
ipset create owner hash:ip; ipset create TMP-owner hash:ip`)
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

// policiesDecide adds one policy after the other: what is closed, what each opens, and that it is
// open again when they are gone.
func policiesDecide(t *testing.T, l *lab) {
	all := []string{"shop/web-cp1", "shop/web-w1", "service", "node port"}
	webs := all[:3]
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
	l.reach(t, "shop/friend-w1", true, webs...)
	l.reach(t, "shop/friend-cp1", true, webs...)
	l.reach(t, "shop/friend-w1", false, "shop/web-w1:9090", "shop/web-cp1:9090")
	l.reach(t, "shop/stranger-w1", false, all...)
	l.reach(t, "other/guest-w1", false, all...)

	l.apply(policy("shop", "trusted", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{namespaceSelector: {matchLabels: {team: trusted}}}]}]}"))
	l.reach(t, "other/guest-w1", true, webs...)
	l.reach(t, "shop/stranger-cp1", false, all...)

	l.apply(policy("other", "names-only", "{podSelector: {}, policyTypes: [Egress], "+
		"egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], "+
		"ports: [{protocol: UDP, port: 53}]}]}"))
	l.reach(t, "other/guest-w1", false, all...)
	l.reach(t, "other/guest-w1", true, "dns")
	l.egress(t)

	l.apply(policy("other", "to-the-shop", "{podSelector: {}, policyTypes: [Egress], "+
		"egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]}"))
	l.reach(t, "other/guest-w1", true, "shop/web-cp1", "shop/web-w1", "service", "dns")

	l.apply(policy("shop", "everybody", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"))
	l.reach(t, "shop/stranger-w1", true, all...)

	l.kubectl("delete", "networkpolicy", "-n", "shop", "--all")
	l.kubectl("delete", "networkpolicy", "-n", "other", "--all")
	for _, pod := range []string{"shop/stranger-w1", "shop/stranger-cp1", "other/guest-w1"} {
		l.reach(t, pod, true, all...)
	}
}

// egress opens what the pods of a namespace may ask, where all is closed but DNS: pods of a label
// at one port, then addresses but for one. Who serves lets them in at every port.
func (l *lab) egress(t *testing.T) {
	t.Helper()
	open := func(name, spec string) {
		l.apply(policy("other", name, "{podSelector: {}, policyTypes: [Egress], egress: [{to: ["+spec+"}]}"))
	}
	open("to-web", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, "+
		"podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]")
	l.reach(t, "other/guest-w1", true, "shop/web-cp1", "shop/web-w1", "service")
	l.reach(t, "other/guest-w1", false, "shop/web-cp1:9090", "shop/web-w1:9090", "other/guest-cp1")
	l.kubectl("delete", "networkpolicy", "-n", "other", "to-web")
	l.reach(t, "other/guest-w1", false, "shop/web-cp1", "shop/web-w1")

	address, _, _ := strings.Cut(l.server("shop/web-w1"), ":")
	open("to-addresses", "{ipBlock: {cidr: 10.244.0.0/16, except: ["+address+"/32]}}]")
	l.reach(t, "other/guest-w1", true, "shop/web-cp1", "shop/web-cp1:9090", "other/guest-cp1")
	l.reach(t, "other/guest-w1", false, "shop/web-w1", "shop/web-w1:9090")
	l.kubectl("delete", "networkpolicy", "-n", "other", "to-addresses")
	l.reach(t, "other/guest-w1", false, "shop/web-cp1")
}

// policiesOutlive restarts what they depend on.
func policiesOutlive(t *testing.T, l *lab) {
	l.apply(denyAll + policy("shop", "friends", "{podSelector: {matchLabels: {app: web}}, "+
		"ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}]}]}"))
	webs := []string{"shop/web-cp1", "shop/web-w1", "service"}
	holds := func() {
		t.Helper()
		l.reach(t, "shop/stranger-w1", false, webs...)
		l.reach(t, "shop/friend-w1", true, webs...)
	}
	holds()
	// Who is refused asks all the time, and must not get through in any moment of the restarts.
	l.beginAsking("shop/stranger-w1", "shop/web-w1")
	l.beginAsking("shop/stranger-cp1", "shop/web-w1")
	l.exec("w1", "systemctl", "restart", "flanneld", "kube-proxy")
	holds()
	l.exec("w1", "systemctl", "kill", "--signal=KILL", "kube-router")
	l.exec("w1", "systemctl", "restart", "kube-router")
	l.up() // waits until it is ready
	holds()
	l.exec("w1", "systemctl", "stop", "kube-router")
	holds() // its rules stay
	l.exits(7, "status", "-i", l.inventory).says(t, "kube-router: service kube-router.service is not running")
	l.up()
	holds()
	for _, pod := range []string{"shop/stranger-w1", "shop/stranger-cp1"} {
		if reached, lost := l.endAsking(pod); reached > 0 || lost == 0 {
			t.Errorf("%s got through %d times of %d while services restarted", pod, reached, reached+lost)
		}
	}
	l.loseJump()
	holds()
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
	l.makeOwnersRules("w1")
}

// loseJump takes the rule away that leads to those of kube-router: status tells, and kube-router
// puts it back when it next looks, which may be before status has looked.
func (l *lab) loseJump() {
	l.t.Helper()
	const text = "the packet filter does not have the rules of kube-router"
	for deadline := time.Now().Add(3 * time.Minute); ; {
		l.exec("w1", "sh", "-c", "iptables -S FORWARD | grep KUBE-ROUTER-FORWARD | sed s/^-A/-D/ | xargs -r iptables")
		r := l.run(time.Minute, "status", "-i", l.inventory)
		if r.code == 7 && strings.Contains(r.stdout, text) {
			break
		}
		if time.Now().After(deadline) {
			l.fatalf("status does not say %q: exit %d\n%s%s", text, r.code, r.stdout, r.stderr)
		}
	}
	l.eventually(2*time.Minute, "kube-router puts the rule back", contains("-j KUBE-ROUTER-FORWARD"),
		"w1", "iptables", "-S", "FORWARD")
}

// policiesOffAgain takes it off: nothing that it made is left, and the pods are open.
func policiesOffAgain(t *testing.T, l *lab) {
	l.edit("policy: kube-router", "policy: none")
	l.up()
	for _, h := range []string{"cp1", "w1"} {
		l.noPolicyRules(t, h)
	}
	l.ownersRules(t)
	webs := []string{"shop/web-cp1", "shop/web-w1", "service"}
	l.reach(t, "shop/stranger-w1", true, webs...)
	l.exits(0, "status", "-i", l.inventory).says(t, "the NetworkPolicy shop/deny-all is not enforced")
	l.upAgain()
	l.edit("policy: none", "policy: kube-router")
	l.up()
	l.reach(t, "shop/stranger-w1", false, webs...)
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

// policiesReset takes the cluster away: nothing of ours is left, and all of the owner's.
func policiesReset(t *testing.T, l *lab) {
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "netpol")
	l.ownersRules(t)
	for _, h := range []string{"cp1", "w1"} {
		l.noPolicyRules(t, h)
		if left := l.runLab(time.Minute, "exec", h, "--", "sh", "-c",
			"ls -d /etc/systemd/system/kube-router* /usr/local/bin/kube-router /etc/kubernetes"); left.stdout != "" {
			t.Errorf("%s: left are %q", h, left.stdout)
		}
	}
}
