//go:build e2e && hosts && keep

package e2e

import (
	"testing"
	"time"
)

// TestKeepRotateLosesNoRequest: the authority of the API is replaced on three control planes, and
// clients on each host lose nothing of what they ask. Each stage begins with the kubeconfig that
// the stage before has left on the hosts, as a person would fetch it.
func TestKeepRotateLosesNoRequest(t *testing.T) {
	l := newLab(t, "rotate-load", "--control-planes", "3", "--workers", "1")
	l.up()
	l.must(4*time.Minute, "addons", "-i", l.inventory, "--wait") // a stage begins where all is as wanted
	first := l.authorities()
	hosts := []string{"cp1", "cp2", "cp3", "w1"}
	for _, stage := range []string{"trust", "issue", "distrust"} {
		l.installAsker(hosts...)
		var clients []func(int)
		for _, host := range hosts {
			clients = append(clients, l.ask(host, throughProxy))
		}
		rotate := []string{"certs", "rotate-ca", "kubernetes", "-i", l.inventory, "--without-backup", "--yes"}
		if stage == "distrust" {
			rotate = append(rotate, "--after", "0s")
		}
		begin := time.Now()
		l.must(10*time.Minute, rotate...)
		t.Logf("the stage %s took %.0f s", stage, time.Since(begin).Seconds())
		for _, done := range clients {
			done(100)
		}
	}
	l.upAgain()
	l.ready(4, 5*time.Minute)
	if now := l.authorities(); now["/etc/kubernetes/pki/ca.crt"] == first["/etc/kubernetes/pki/ca.crt"] {
		t.Errorf("the authority is what it was: %v", now)
	}
}
