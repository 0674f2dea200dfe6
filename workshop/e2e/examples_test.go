//go:build e2e && hosts

package e2e

import (
	"os"
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

// imports gives a host's containerd an image of the mirror, which kubelets would pull from a
// registry elsewhere.
func (l *lab) imports(host, name string) {
	l.t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		l.fatalf("%v", err)
	}
	f, err := os.Open(filepath.Join(cache, "kbootstrap/lab/mirror", name))
	if err != nil {
		l.fatalf("%v", err)
	}
	defer f.Close()
	l.input(f, host, "ctr", "-n", "k8s.io", "images", "import", "-")
}
