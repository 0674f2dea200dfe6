//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
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
	l.upAgain()
	l.operatorIsAudited()
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
	if refused := l.applies(fmt.Sprintf(hostPod, "default")); !strings.Contains(refused, "hostPath volumes") {
		t.Errorf("cis: a pod with a path of its host: %q", refused)
	}
	l.kubectl("create", "namespace", "monitoring")
	l.kubectl("label", "namespace", "monitoring", "pod-security.kubernetes.io/enforce=privileged")
	if refused := l.applies(fmt.Sprintf(hostPod, "monitoring")); refused != "" {
		t.Errorf("cis: a namespace whose label allows it: %q", refused)
	}
	l.upAgain()
	l.logRotates()

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

// hostPod is a pod that the level baseline refuses.
const hostPod = `
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: %s}
spec:
  containers: [{name: x, image: x, volumeMounts: [{name: root, mountPath: /host}]}]
  volumes: [{name: root, hostPath: {path: /}}]
`

// applies asks the API to take a manifest without keeping it, and returns why it does not.
func (l *lab) applies(manifest string) (refusal string) {
	l.t.Helper()
	l.input(strings.NewReader(manifest), "cp1", "sh", "-c", "cat >/tmp/manifest.yaml")
	r := l.runLab(time.Minute, "exec", "cp1", "--", "kubectl", "apply", "--dry-run=server", "-f", "/tmp/manifest.yaml")
	if r.code == 0 {
		return ""
	}
	return r.stderr
}

// operatorIsAudited checks that the audit log tells whose run changed the cluster: the account and
// the machine.
func (l *lab) operatorIsAudited() {
	l.t.Helper()
	account, err := user.Current()
	if err != nil {
		l.fatalf("%v", err)
	}
	machine, err := os.Hostname()
	if err != nil {
		l.fatalf("%v", err)
	}
	name := "kbootstrap:" + account.Username + "@" + machine
	if n := l.exec("cp1", "sh", "-c", "grep -h '\"impersonatedUser\":{\"username\":\""+name+
		"\"' /var/log/kubernetes/*.log | grep -cE '\"verb\":\"(create|patch)\"' || true"); n == "0\n" {
		l.t.Errorf("no change in the audit log was made in the name of %s", name)
	}
}

// logRotates has the API server keep two older logs of a megabyte, and fills four.
func (l *lab) logRotates() {
	l.t.Helper()
	const (
		set   = "arguments:\n"
		sizes = `  kube-apiserver: {audit-log-maxsize: "1", audit-log-maxbackup: "2"}` + "\n"
	)
	l.edit(set, set+sizes)
	l.up()
	l.exec("cp1", "sh", "-c", `curl -s -o /dev/null --cacert /etc/kubernetes/pki/ca.crt \
  --cert /etc/kubernetes/pki/apiserver-kubelet-client.crt --key /etc/kubernetes/pki/apiserver-kubelet-client.key \
  "https://127.0.0.1:6443/api/v1/namespaces/default/secrets/none[1-5000]"`)
	l.eventually(time.Minute, "two older audit logs of a megabyte", func(r result) bool {
		sizes := strings.Fields(r.stdout)
		return r.code == 0 && len(sizes) == 2 && !slices.ContainsFunc(sizes, func(s string) bool {
			size, err := strconv.Atoi(s)
			return err != nil || size < 900_000 || size > 1<<20
		})
	}, "cp1", "sh", "-c", "stat -c %s /var/log/kubernetes/audit-*.log")
	l.edit(sizes, "")
	l.up()
}
