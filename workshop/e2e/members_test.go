//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// etcdctl asks the member of cp1.
const etcdctl = "etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/pki/ca.crt " +
	"--cert /etc/etcd/pki/healthcheck-client.crt --key /etc/etcd/pki/healthcheck-client.key "

// TestHostsMembers: a cluster of one control plane gets two more and loses them again, while a
// client writes and reads.
func TestHostsMembers(t *testing.T) {
	l := newLab(t, "e2e-members", "--control-planes", "1", "--workers", "0", "--spare", "2")
	l.up()
	single := l.kept()
	before := l.started("cp1")
	l.joinPlanes("s1", "s2")
	l.mustRefuse(9, []string{"up --only kubelet"}, "KB6021", "s1")
	asked := l.ask("cp1", "")
	l.must(8*time.Minute, "add-node", "s1", "s2", "-i", l.inventory)
	l.ready(3, time.Minute)
	l.voters(3)
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
	joined := []func(){l.ask("s1", ""), l.ask("s2", "")}
	l.upAgain()
	for _, done := range joined {
		done()
	}

	l.mustRefuse(9, []string{"remove-node s2 --confirm e2e-members"}, "KB6057", "2 of 3 members of etcd would stay")
	l.exec("s2", "systemctl", "stop", "etcd")
	l.mustRefuse(9, []string{"remove-node cp1 s1 --confirm e2e-members"}, "KB6057", "0 of the 1 members")
	l.exec("s2", "systemctl", "start", "etcd")
	l.heals()
	found := l.ask("cp1", throughProxy)
	l.must(8*time.Minute, "remove-node", "s1", "s2", "--confirm", "e2e-members", "-i", l.inventory)
	l.voters(1)
	if after := l.started("cp1"); after != before {
		t.Errorf("what ran on cp1 was started again:\n%s\n%s", before, after)
	}
	found() // before the proxy goes
	single()
	l.up()
	l.upAgain()
	l.ready(1, time.Minute)
	asked()
}

// joinPlanes adds spare hosts to the inventory as control planes.
func (l *lab) joinPlanes(names ...string) {
	l.t.Helper()
	for _, name := range names {
		l.join(name)
	}
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		l.fatalf("%v", err)
	}
	joined := strings.ReplaceAll(string(text), "roles: [worker]", "roles: [etcd, control-plane, worker]")
	if err := os.WriteFile(l.inventory, []byte(joined), 0o644); err != nil {
		l.fatalf("%v", err)
	}
}

// started tells the starts of the member of etcd and the API server of a host.
func (l *lab) started(host string) string {
	l.t.Helper()
	return l.exec(host, "systemctl", "show", "-p", "Id,InvocationID", "etcd", "kube-apiserver")
}

// voters checks that etcd has so many members, and no learner.
func (l *lab) voters(n int) {
	l.t.Helper()
	out := l.exec("cp1", "sh", "-c", etcdctl+"member list")
	if strings.Count(out, ", started, ") != n || strings.Contains(out, ", true") {
		l.t.Errorf("want %d members that vote:\n%s", n, out)
	}
}

// throughProxy is the address of the proxy that hosts have while there are several control planes.
const throughProxy = "--server=https://127.0.0.1:7443"

// ask has a client on a host write and read, again and again, through the API server of the host or
// with these flags, at least twenty times. The returned function ends it, and checks that nothing
// has failed. Through a proxy it may be refused once, for as long as the proxy is restarted.
func (l *lab) ask(host, flags string) (done func()) {
	l.t.Helper()
	client := fmt.Sprintf("ask%d", len(flags))
	script := strings.NewReplacer("CLIENT", client, "FLAGS", flags).Replace(`cat > /tmp/CLIENT.sh <<'END'
n=0; failed=0
while [ ! -e /tmp/CLIENT.end ] || [ $n -lt 20 ]; do
	n=$((n+1)); name=CLIENT-$(hostname)-$n
	kubectl FLAGS create configmap $name --from-literal=n=$n >/dev/null 2>/tmp/CLIENT.err &&
		kubectl FLAGS get configmap $name >/dev/null 2>/tmp/CLIENT.err ||
		{ failed=$((failed+1)); echo "$(date +%T) $n: $(head -1 /tmp/CLIENT.err)"; }
done
echo "asked $n times, $failed failed"
END
rm -f /tmp/CLIENT.end
systemd-run --quiet --unit=CLIENT --setenv=HOME=/root -p StandardOutput=file:/tmp/CLIENT.log sh /tmp/CLIENT.sh`)
	l.exec(host, "sh", "-c", script)
	return func() {
		l.t.Helper()
		l.exec(host, "touch", "/tmp/"+client+".end")
		l.eventually(3*time.Minute, "the client has ended", contains("asked "), host, "tail", "-1",
			"/tmp/"+client+".log")
		told := l.exec(host, "cat", "/tmp/"+client+".log")
		found := regexp.MustCompile(`asked (\d+) times, (\d+) failed`).FindStringSubmatch(told)
		if found == nil {
			l.fatalf("the client tells:\n%s", told)
		}
		l.t.Logf("the client of %s %s %s", host, flags, found[0])
		asked, _ := strconv.Atoi(found[1])
		failed, _ := strconv.Atoi(found[2])
		if asked < 20 || failed > 0 && (flags != throughProxy || !refusedOnce(told, failed)) {
			l.t.Errorf("the client of %s %s tells:\n%s", host, flags, told)
		}
	}
}

// refusedOnce reports whether all that failed was refused, one after the other.
func refusedOnce(told string, failed int) bool {
	refusals := regexp.MustCompile(`(?m)^\S+ (\d+): .*refused`).FindAllStringSubmatch(told, -1)
	if len(refusals) != failed {
		return false
	}
	first, _ := strconv.Atoi(refusals[0][1])
	last, _ := strconv.Atoi(refusals[failed-1][1])
	return last-first == failed-1
}
