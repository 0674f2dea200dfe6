//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// imagesPacked: an add-on's image is on every host, unpacked only where a pod of it runs; a pod
// that moves finds it there, and none was ever pulled.
func imagesPacked(t *testing.T, l *lab) {
	imageOf := func(deployment string) string {
		return l.kubectl("get", "deployment", "-n", "kube-system", deployment, "-o",
			"jsonpath={.spec.template.spec.containers[0].image}")
	}
	for _, name := range []string{"metrics-server", "local-path-provisioner"} {
		image, node := imageOf(name), l.podOf(name)
		for _, h := range l.hosts() {
			want := h.Name == node
			if unpacked := l.isUnpacked(h.Name, image); unpacked != want {
				t.Errorf("%s on %s: unpacked is %t; its pod runs on %s", image, h.Name, unpacked, node)
			}
		}
	}
	for _, reason := range []string{"Failed", "BackOff", "Pulling"} {
		if got := l.kubectl("get", "events", "-n", "kube-system", "--field-selector", "reason="+reason); got != "" {
			t.Errorf("a pod asked a registry:\n%s", got)
		}
	}
	from := l.podOf("metrics-server")
	l.kubectl("cordon", from)
	l.kubectl("delete", "pod", "-n", "kube-system", "-l", "k8s-app=metrics-server")
	l.kubectl("rollout", "status", "-n", "kube-system", "deployment/metrics-server", "--timeout=3m")
	l.kubectl("uncordon", from)
	to := l.podOf("metrics-server")
	if unpacked := l.isUnpacked(to, imageOf("metrics-server")); to == from || !unpacked {
		t.Errorf("metrics-server moved from %s to %s, where its image is unpacked: %t", from, to, unpacked)
	}
	alone := func(r result) bool { return r.code == 0 && strings.Count(r.stdout, "\n") == 1 }
	l.eventually(2*time.Minute, "the end of the pod that was", alone, "cp1", "kubectl", "get", "pods", "-n",
		"kube-system", "-l", "k8s-app=metrics-server", "--no-headers")
}

// podOf is the node of the pod of a Deployment, by the beginning of its name.
func (l *lab) podOf(deployment string) (node string) {
	l.t.Helper()
	for line := range strings.Lines(l.kubectl("get", "pods", "-n", "kube-system", "--no-headers", "-o",
		"custom-columns=:metadata.name,:spec.nodeName,:metadata.deletionTimestamp")) {
		if f := strings.Fields(line); len(f) == 3 && f[2] == "<none>" && strings.HasPrefix(f[0], deployment+"-") {
			return f[1]
		}
	}
	l.fatalf("no pod of %s", deployment)
	return ""
}

// isUnpacked reports whether an image that a host has is unpacked.
func (l *lab) isUnpacked(host, image string) bool {
	l.t.Helper()
	out := l.exec(host, "ctr", "-n", "k8s.io", "images", "check", "name=="+image)
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == image {
			if !strings.Contains(line, "complete") {
				l.fatalf("%s on %s: %s", image, host, line)
			}
			return f[len(f)-1] == "true"
		}
	}
	l.fatalf("%s is not on %s:\n%s", image, host, out)
	return false
}
