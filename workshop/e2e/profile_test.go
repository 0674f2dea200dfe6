//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsPolicy: the default profile refuses nothing and warns, cis refuses, and back at default
// everything is as it was.
func TestHostsPolicy(t *testing.T) {
	l := newLab(t, "e2e-policy", "--control-planes", "1", "--workers", "1")
	l.up()
	privileged := func(namespace string) result {
		return l.runLab(time.Minute, "exec", "cp1", "--", "kubectl", "-n", namespace, "run", "privileged", "--image=x",
			"--privileged", "--dry-run=server")
	}
	external := func() result {
		l.exec("cp1", "sh", "-c",
			"kubectl create service clusterip ext --tcp=80 --dry-run=client -o yaml | kubectl apply -f -")
		return l.runLab(time.Minute, "exec", "cp1", "--", "kubectl", "patch", "service", "ext",
			"--dry-run=server", "-p",
			`{"spec":{"externalIPs":["192.0.2.1"]}}`)
	}
	automount := func() string {
		return l.exec("cp1", "kubectl", "-n", "kube-public", "get", "serviceaccount", "default", "-o",
			"jsonpath={.automountServiceAccountToken}")
	}
	isDefault := func(when string) {
		t.Helper()
		if r := privileged("default"); r.code != 0 || !strings.Contains(r.stderr, "would violate PodSecurity") {
			t.Errorf("%s: a privileged pod: exit %d\n%s", when, r.code, r.stderr)
		}
		if r := external(); r.code != 0 {
			t.Errorf("%s: external addresses are refused: %s", when, r.stderr)
		}
		if got := automount(); got != "" {
			t.Errorf("%s: automountServiceAccountToken is %q", when, got)
		}
	}
	isDefault("default")
	l.exec("cp1", "kubectl", "--kubeconfig", "/etc/kubernetes/kubelet.conf", "get", "--raw", "/version")
	l.exec("cp1", "sh", "-c", "kubectl --kubeconfig /etc/kubernetes/kubelet.conf -n default get secret none || true")
	l.eventually(time.Minute, "a node that asks for a secret is in the audit log", contains("system:node:cp1"), "cp1",
		"grep", `"resource":"secrets".*"name":"none"`, "/var/log/kubernetes/audit.log")
	code := l.exec("w1", "curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://192.168.56.11:6443/version")
	if code != "401" {
		t.Errorf("without a certificate /version answers %s", code)
	}

	const set = "artifacts: {mirror"
	l.edit(set, "security: {profile: cis}\n"+set)
	l.up()
	if r := privileged("default"); r.code == 0 || !strings.Contains(r.stderr, "violates PodSecurity") {
		t.Errorf("cis: a privileged pod: exit %d\n%s", r.code, r.stderr)
	}
	if r := privileged("kube-system"); r.code != 0 {
		t.Errorf("cis: a privileged pod of kube-system is refused: %s", r.stderr)
	}
	if r := external(); r.code == 0 || !strings.Contains(r.stderr, "external IPs is denied") {
		t.Errorf("cis: external addresses: exit %d\n%s", r.code, r.stderr)
	}
	if got := automount(); got != "false" {
		t.Errorf("cis: automountServiceAccountToken is %q", got)
	}
	l.image("w1")
	l.exec("cp1", "kubectl", "run", "plain", "--image=docker.io/library/busybox:1.36.1", "--restart=Never",
		`--overrides={"spec":{"nodeName":"w1"}}`, "--", "sleep", "600")
	l.eventually(2*time.Minute, "a plain pod runs", contains("Running"), "cp1", "kubectl", "get", "pod", "plain", "-o",
		"jsonpath={.status.phase}")
	l.upAgain()

	l.edit("security: {profile: cis}\n", "security: {alwaysPullImages: true}\n")
	l.up()
	policy := l.exec("cp1", "kubectl", "run", "pulls", "--image=x", "--image-pull-policy=IfNotPresent",
		"--dry-run=server", "-o", "jsonpath={.spec.containers[0].imagePullPolicy}")
	if policy != "Always" {
		t.Errorf("with alwaysPullImages a pod has the policy %q", policy)
	}
	l.edit("security: {alwaysPullImages: true}\n", "")
	l.up()
	isDefault("back at default")
	l.upAgain()
}
