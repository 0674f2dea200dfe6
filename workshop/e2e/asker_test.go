//go:build e2e && (hosts || upgrade)

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// throughProxy is where a host finds the proxy that it has while there are several control planes,
// and ownServer the API server of a control plane.
const (
	throughProxy = "https://127.0.0.1:7443"
	ownServer    = "https://127.0.0.1:6443"
)

// installAsker puts the client of asker, and who it is, on hosts.
func (l *lab) installAsker(hosts ...string) {
	l.t.Helper()
	program := filepath.Join(l.t.TempDir(), "asker")
	build := exec.CommandContext(l.t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./asker")
	if out, err := build.CombinedOutput(); err != nil {
		l.fatalf("build the client: %v\n%s", err, out)
	}
	admin := l.exec("cp1", "cat", "/etc/kubernetes/admin.conf")
	for _, host := range hosts {
		f, err := os.Open(program)
		if err != nil {
			l.fatalf("%v", err)
		}
		l.input(f, host, "sh", "-c", "cat > /root/asker && chmod 755 /root/asker")
		f.Close()
		l.input(strings.NewReader(admin), host, "sh", "-c", "umask 077 && cat > /root/asker.conf")
	}
}

// ask has two clients on a host write and read, again and again, at a server: one opens a
// connection for each request, the other keeps one. The returned function ends them, and checks
// that each has asked at least so many times, that nothing has failed, and that of a hundred
// answers at most one is that etcd was late.
func (l *lab) ask(host, server string) (done func(atLeast int)) {
	l.t.Helper()
	for _, how := range []string{"fresh", "kept"} {
		client := askerUnit(server, how)
		l.exec(host, "systemd-run", "--quiet", "--collect", "--unit="+client,
			"-p", "StandardOutput=file:/root/"+client+".log", "/root/asker", "/root/asker.conf", server, how,
			client+"-"+host)
	}
	return func(atLeast int) {
		l.t.Helper()
		for _, how := range []string{"fresh", "kept"} {
			client := askerUnit(server, how)
			l.exec(host, "systemctl", "stop", client)
			told := l.exec(host, "cat", "/root/"+client+".log")
			found := regexp.MustCompile(`asked (\d+) times, (\d+) failed, (\d+) times`).FindStringSubmatch(told)
			if found == nil {
				l.fatalf("the client of %s at %s tells:\n%s", host, server, told)
			}
			l.t.Logf("the client of %s at %s, with %s connections, %s", host, server, how, found[0])
			asked, _ := strconv.Atoi(found[1])
			late, _ := strconv.Atoi(found[3])
			if asked < atLeast || found[2] != "0" || late > asked/100 {
				l.t.Errorf("the client of %s at %s, with %s connections, tells:\n%s", host, server, how, told)
			}
		}
	}
}

// askerUnit is the unit of a client.
func askerUnit(server, how string) string {
	port, _, _ := strings.Cut(server[strings.LastIndex(server, ":")+1:], "/")
	return fmt.Sprintf("ask-%s-%s", port, how)
}

// TestHostsLoseNoRequest: three API servers are started again, one after the other, because a flag
// of theirs has changed, and clients on each host lose nothing of what they ask.
func TestHostsLoseNoRequest(t *testing.T) {
	l := newLab(t, "lossless", "--control-planes", "3", "--workers", "1")
	l.up()
	hosts := []string{"cp1", "cp2", "cp3", "w1"}
	l.installAsker(hosts...)
	var clients []func(int)
	for _, host := range hosts {
		clients = append(clients, l.ask(host, throughProxy))
	}
	before := l.servers()
	l.edit("arguments:\n", "arguments:\n  kube-apiserver: {event-ttl: 2h}\n")
	begin := time.Now()
	l.up()
	t.Logf("with another flag, up took %.1f s", time.Since(begin).Seconds())
	for _, done := range clients {
		done(100)
	}
	for host, was := range before {
		if l.servers()[host] == was {
			t.Errorf("the API server of %s was not started again", host)
		}
	}
	l.upAgain()
}

// servers are the starts of the API servers of three control planes.
func (l *lab) servers() map[string]string {
	l.t.Helper()
	starts := map[string]string{}
	for _, host := range []string{"cp1", "cp2", "cp3"} {
		starts[host] = l.exec(host, "systemctl", "show", "-p", "InvocationID", "kube-apiserver")
	}
	return starts
}
