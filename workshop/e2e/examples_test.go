//go:build e2e && hosts

package e2e

import (
	"path/filepath"
	"testing"
)

// TestHostsExamples runs what the documentation shows to learners, command by command, and compares
// what each prints: on a control plane and two workers, with a host outside of the cluster.
func TestHostsExamples(t *testing.T) {
	l := newLab(t, "examples", "--control-planes", "1", "--workers", "2", "--spare", "1")
	l.edit("hosts:\n", "addons: {ingress: {enabled: true}, monitoring: {enabled: true}}\nhosts:\n")
	l.up()
	l.exits(0, "addons", "-i", l.inventory, "--wait")
	for _, h := range l.hosts() {
		l.image(h.Name)
		l.imports(h.Name, "registry.k8s.io/e2e-test-images/agnhost/2.63.0.tar")
		l.imports(h.Name, "lab.invalid/greeting/1.tar")
		l.imports(h.Name, "docker.io/library/redis/7.0.15.tar")
		l.imports(h.Name, "docker.io/library/php/8.2-cli.tar")
	}
	l.zookeeper("s1")
	for _, example := range []string{
		"guestbook", "guestbook-redis", "rolling-update", "volumes", "dubbo", "monitoring",
	} {
		t.Run(example, func(t *testing.T) {
			l.t = t
			l.tell(filepath.Join("../../examples", example), "demo")
		})
	}
	l.t = t
}
