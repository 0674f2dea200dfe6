//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsDiagnosis: what a failed run says is about what fails now. A line of the journal that is
// older than the run explains nothing, a wait in vain shows the last answer, and a sudo that waits
// for a name server is waited for.
func TestHostsDiagnosis(t *testing.T) {
	l := newLab(t, "diagnosis", "--control-planes", "1", "--workers", "1")
	l.up()
	t.Run("an old line", l.diagnoseOldLine)
	t.Run("a name server", l.diagnoseNameServer)
	t.Run("a slow sudo", l.diagnoseSlowSudo)
	l.settles() // a replica of CoreDNS left w1 while its kubelet stood still
}

// tells checks that a failed run has these texts, and none of the others.
func tells(t *testing.T, r result, code int, want, never []string) {
	t.Helper()
	text := r.stdout + r.stderr
	t.Logf("exit %d after %s:\n%s", r.code, r.took, text)
	if r.code != code {
		t.Errorf("exit %d, want %d", r.code, code)
	}
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("it does not say %q", part)
		}
	}
	for _, part := range never {
		if strings.Contains(text, part) {
			t.Errorf("it says %q", part)
		}
	}
}

// diagnoseOldLine has the kubelet's journal say what a rule knows, of an earlier start and of this
// one, and then stops its process as it is: it runs, it does not answer, and it writes nothing.
func (l *lab) diagnoseOldLine(t *testing.T) {
	const dropIn = "/etc/systemd/system/kubelet.service.d/90-old.conf"
	l.exec("w1", "sh", "-euc", `mkdir -p $(dirname `+dropIn+`)
		printf '[Service]\nExecStartPre=/bin/sh -c "echo open /etc/old: permission denied >&2"\n' >`+dropIn+`
		systemctl daemon-reload; systemctl restart kubelet
		rm `+dropIn+`; systemctl daemon-reload
		until curl -sf http://127.0.0.1:10248/healthz; do sleep 0.2; done
		systemctl kill --signal=STOP kubelet`)
	r := l.run(8*time.Minute, "up", "-i", l.inventory)
	l.exec("w1", "systemctl", "kill", "--signal=CONT", "kubelet")
	tells(t, r, 6, []string{"KB5012", "w1: kubelet: ", "waited ", "the time is up", "last answer: ", "10248"},
		[]string{"KB5113", "permission denied", "/etc/old"})
}

// diagnoseNameServer drops the answers of name servers on one host.
func (l *lab) diagnoseNameServer(t *testing.T) {
	rule := []string{"PREROUTING", "-t", "raw", "-p", "udp", "--sport", "53", "-j", "DROP"}
	l.exec("w1", append([]string{"iptables", "-I"}, rule...)...)
	r := l.run(8*time.Minute, "up", "-i", l.inventory)
	l.exec("w1", append([]string{"iptables", "-D"}, rule...)...)
	if r.code != 6 && r.code != 7 { // where CoreDNS runs on that host only, no host has an answer
		t.Errorf("exit %d", r.code)
	}
	tells(t, r, r.code, []string{
		"KB5023", "w1: health: ", "waited ", "the cluster DNS 10.96.0.10 is not reached from this host's pod (10.244.",
		"i/o timeout",
	}, []string{"8472", "journal of"})
}

// diagnoseSlowSudo has the host's own name looked up at three servers that do not answer: their
// neighbours are invented, so that packets go out and no answer comes back.
func (l *lab) diagnoseSlowSudo(t *testing.T) {
	l.exec("w1", "sh", "-euc", `cp /etc/hosts /root/hosts; cp /etc/resolv.conf /root/resolv.conf
		sed /127.0.1.1/d /root/hosts >/etc/hosts
		for i in 1 2 3; do
			ip neigh replace 192.168.56.25$i lladdr 02:00:00:00:00:f$i dev eth1 nud permanent
			echo nameserver 192.168.56.25$i
		done >/etc/resolv.conf`)
	r := l.run(8*time.Minute, "plan", "-i", l.inventory)
	l.exec("w1", "sh", "-euc", `cat /root/hosts >/etc/hosts; cat /root/resolv.conf >/etc/resolv.conf`)
	if r.code != 0 && r.code != 2 {
		t.Errorf("exit %d", r.code)
	}
	tells(t, r, r.code, []string{
		"warning: w1: sudo took ", "the host's name w1 is not in its /etc/hosts and its DNS does not answer",
		"echo '127.0.1.1 w1' | sudo tee -a /etc/hosts",
	}, []string{"KB2213", "login shell"})
}
