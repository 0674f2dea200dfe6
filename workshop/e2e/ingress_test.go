//go:build e2e && hosts

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHostsIngress lives with an ingress behind a firewall: a certificate that changes, a host that
// joins, one that boots, and the end.
func TestHostsIngress(t *testing.T) {
	l := newLab(t, "ingress", "--control-planes", "1", "--workers", "1", "--spare", "2")
	l.edit("hosts:\n", "firewall: configure\n"+
		"addons: {ingress: {enabled: true, hosts: [w1], names: [shop.example.com]}}\nhosts:\n")
	l.up()
	l.upAgain()
	for _, h := range l.hosts() {
		l.image(h.Name)
	}
	l.apply(shop)
	for _, step := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"behind a firewall", ingressWalled},
		{"another certificate", ingressRenewed},
		{"a host joins", ingressJoined},
		{"a host boots", ingressBoots},
		{"reset", ingressReset},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// shopAt is a visit to the shop by http at a host.
func (l *lab) shopAt(name string) visit {
	l.t.Helper()
	return visit{scheme: "http", address: l.address(name) + ":80", server: "shop.example.com"}
}

// ingressWalled: the firewall lets everybody in at the ports of the ingress, and nowhere else.
func ingressWalled(t *testing.T, l *lab) {
	l.answers(l.shopAt("w1"), shopPage)
	if got := l.visits(l.shopAt("cp1")); got.code != 0 {
		t.Errorf("the control plane answers: %+v", got)
	}
	if l.dials("s1", l.address("w1"), 10250) || !l.dials("s1", l.address("w1"), 443) {
		t.Error("the firewall is not as it should be")
	}
	l.exec("w1", "firewall-cmd", "--reload") // it flushes what others have written
	l.answers(l.shopAt("w1"), shopPage)
}

// ingressRenewed: another certificate is served without a restart of the pods.
func ingressRenewed(t *testing.T, l *lab) {
	pods := func() string {
		return l.kubectl("get", "pods", "-n", "kube-system", "-l", "app.kubernetes.io/name=traefik", "-o",
			"jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{end}")
	}
	before := pods()
	l.takesCertificate(t, "names: [shop.example.com]")
	l.up()
	l.upAgain()
	l.answers(visit{
		scheme: "https", address: l.address("w1") + ":443", server: "shop.example.com",
		trust: filepath.Join(l.dir, "shop.crt"),
	}, shopPage)
	if after := pods(); after != before {
		t.Errorf("the pods are %s, and were %s", after, before)
	}
	l.edit("certificate: shop.crt, key: shop.key", "names: [shop.example.com]")
	l.edit("hosts: [w1], ", "")
	l.up()
	l.upAgain()
}

// ingressJoined: a host that joins takes requests, and the certificate is for it too.
func ingressJoined(t *testing.T, l *lab) {
	l.join("s2")
	l.must(5*time.Minute, "add-node", "-i", l.inventory, "s2")
	l.answers(l.shopAt("s2"), shopPage)
	l.answers(visit{
		scheme: "https", address: l.address("s2") + ":443", server: "s2", host: "shop.example.com",
		trust: l.authority(),
	}, shopPage)
	l.upAgain()
	l.exits(0, "verify", "-i", l.inventory, "--only", "ingress")
}

// ingressBoots: after a boot requests get through again, and while the host is off by others.
func ingressBoots(_ *testing.T, l *lab) {
	l.mustLab(2*time.Minute, "stop", "w1")
	l.answers(l.shopAt("s2"), shopPage)
	l.mustLab(2*time.Minute, "start", "w1")
	l.ready(3, 3*time.Minute)
	l.answers(l.shopAt("w1"), shopPage)
	l.heals()
	l.upAgain()
}

// ingressReset: no rule of the ports is left on a host.
func ingressReset(t *testing.T, l *lab) {
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "ingress")
	for _, name := range []string{"cp1", "w1", "s2"} {
		rules := l.exec(name, "sh", "-c", "iptables-save; nft list ruleset")
		if strings.Contains(rules, "KUBE-EXT") || strings.Contains(rules, "dport 443 ") {
			t.Errorf("%s has\n%s", name, rules)
		}
	}
}
