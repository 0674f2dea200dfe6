//go:build e2e && hosts

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestHostsStatus makes a cluster sick, in one way after the other: status is red in exactly those
// that a user would call broken, warns of the others, and names each.
func TestHostsStatus(t *testing.T) {
	l := newLab(t, "sick", "--control-planes", "1", "--workers", "1")
	l.up()
	l.upAgain()
	l.status(0, "sick is healthy\n", "2 of 2 Ready", "1 of 1 servers ready: cp1", "leader cp1",
		"2 of 2 replicas ready, on cp1, w1")
	for _, step := range []struct {
		name string
		do   func(l *lab)
	}{
		{"the controllers are stopped", stoppedControllers},
		{"etcd is out of space", noSpace},
		{"a node is cordoned", cordoned},
		{"a start does not end", hungStart},
		{"a clock is wrong", wrongClock},
		{"a replica of CoreDNS cannot run", brokenReplica},
		{"all replicas of CoreDNS are on one node", crowdedReplicas},
		{"a kubelet is not granted its certificate", notGranted},
		{"a kubelet renews its certificate", rotation},
		{"a host was off for longer than its certificate was valid", longOff},
		{"a watch", watched},
		{"a node is under pressure", pressed},
		{"a host is off", hostOff},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(l) }) {
			break
		}
	}
	l.t = t
}

// status checks the exit code of status, and texts of what it says.
func (l *lab) status(code int, says ...string) {
	l.t.Helper()
	r := l.run(time.Minute, "status", "-i", l.inventory)
	if r.code != code {
		l.t.Errorf("status: exit %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, s := range says {
		if !strings.Contains(r.stdout, s) {
			l.t.Errorf("status does not say %q:\n%s", s, r.stdout)
		}
	}
}

// hungStart has a drop-in of a user keep systemd from ending the start of a service, which
// works all the same.
func hungStart(l *lab) {
	const dropIn = "/etc/systemd/system/flanneld.service.d/90-hang.conf"
	restart := "systemctl daemon-reload; systemctl restart --no-block flanneld"
	l.exec("w1", "sh", "-c", "printf '[Service]\nExecStartPost=/bin/sleep infinity\n' >"+dropIn+"; "+restart)
	const said = "systemd has been starting flanneld.service for "
	l.becomes(2*time.Minute, 0, said)
	r := l.run(2*time.Minute, "up", "-i", l.inventory, "--ignore-preflight", "ForeignSetting")
	if r.code != 0 || !strings.Contains(r.stderr, "w1: warning: "+said) {
		l.t.Errorf("up does not tell of a start without an end: %v", r)
	}
	l.exec("w1", "sh", "-c", "rm "+dropIn+"; "+restart)
	l.becomes(2*time.Minute, 0, "sick is healthy\n")
}

// becomes repeats status until it ends with this code and says the texts.
func (l *lab) becomes(limit time.Duration, code int, says ...string) {
	l.t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r := l.run(time.Minute, "status", "-i", l.inventory)
		good := r.code == code
		for _, s := range says {
			good = good && strings.Contains(r.stdout, s)
		}
		if good {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("status: not within %s: exit %d and %q; last exit %d\n%s", limit, code, says, r.code, r.stdout)
		}
		<-tick.C
	}
}

func stoppedControllers(l *lab) {
	l.exec("cp1", "systemctl", "stop", "kube-controller-manager")
	l.status(7, "sick is not healthy: 1 problem\n",
		"cp1: kube-controller-manager: service kube-controller-manager.service is not running")
	// A minute later that no other one leads is a problem of the cluster too.
	l.becomes(3*time.Minute, 7, "no kube-controller-manager works: cp1 led last, ")
	l.exec("cp1", "systemctl", "start", "kube-controller-manager")
	l.becomes(2*time.Minute, 0)
}

func noSpace(l *lab) {
	var status []struct {
		Status struct {
			Header struct {
				Member json.Number `json:"member_id"`
			}
		}
	}
	text := l.etcdctl("endpoint", "status", "-w", "json")
	if err := json.Unmarshal([]byte(text), &status); err != nil || len(status) != 1 {
		l.t.Fatalf("%+v, %v", status, err)
	}
	const pki = "/etc/etcd/pki/"
	l.exec("cp1", "curl", "-sf", "--cacert", pki+"ca.crt", "--cert", pki+"healthcheck-client.crt", "--key",
		pki+"healthcheck-client.key", "https://127.0.0.1:2379/v3/maintenance/alarm", "-d",
		`{"action":"ACTIVATE","memberID":"`+status[0].Status.Header.Member.String()+`","alarm":"NOSPACE"}`)
	l.status(7, "not healthy: 1 problem\n", "cp1: the database has reached its quota, and every write is refused")
	l.etcdctl("alarm", "disarm")
	l.becomes(2*time.Minute, 0)
}

func cordoned(l *lab) {
	l.kubectl("cordon", "w1")
	l.status(0, "sick is healthy\n", "2 of 2 Ready, cordoned: w1", "kubectl uncordon w1")
	l.kubectl("uncordon", "w1")
	l.status(0)
}

// pressed makes the kubelet take its disk for full. The only pods there are critical, which it does
// not evict, and the images are pinned.
func pressed(l *lab) {
	l.exec("w1", "sh", "-c", "sed -i 's/nodefs.available<500Mi/nodefs.available<99%%/' "+
		"/etc/systemd/system/kubelet.service && systemctl daemon-reload && systemctl restart kubelet")
	l.becomes(3*time.Minute, 7, "w1: the node takes no pods: DiskPressure is True")
	l.up() // puts the unit back
	l.becomes(8*time.Minute, 0)
}

func wrongClock(l *lab) {
	l.input(strings.NewReader("#!/bin/sh\nexec /bin/date --date='+90 seconds' \"$@\"\n"), "w1", "sh", "-c",
		"cat > /usr/local/sbin/date && chmod 755 /usr/local/sbin/date")
	l.status(7, "not healthy: 1 problem\n", "w1: the clock is 1m30s ahead of the median")
	l.exec("w1", "rm", "/usr/local/sbin/date")
	l.status(0)
}

func brokenReplica(l *lab) {
	l.kubectl("-n", "kube-system", "set", "image", "deployment/coredns", "coredns=registry.k8s.io/coredns/coredns:none")
	l.becomes(2*time.Minute, 7, "of the cluster DNS is not ready: ")
	l.up()
	l.becomes(2*time.Minute, 0, "2 of 2 replicas ready, on cp1, w1")
}

// crowdedReplicas has both replicas on w1, as after an outage of cp1: that is a warning, and up
// moves one.
func crowdedReplicas(l *lab) {
	l.kubectl("cordon", "cp1")
	l.kubectl("-n", "kube-system", "delete", "pods", "-l", "k8s-app=kube-dns", "--wait=true")
	l.becomes(2*time.Minute, 0, "2 of 2 replicas ready, on w1")
	l.kubectl("uncordon", "cp1")
	l.status(0, "healthy, 1 warning", "all replicas of the cluster DNS are on w1")
	l.up()
	l.status(0, "sick is healthy\n", "2 of 2 replicas ready, on cp1, w1")
	l.upAgain()
}

const kept = "/var/lib/kubelet/pki/kubelet-client-current.pem"

// notGranted is a cluster as builds before made it: kubelets had no right to be granted a
// certificate. Their requests are taken when up has given them the right.
func notGranted(l *lab) {
	l.kubectl("delete", "clusterrolebinding", "kubeadm:node-autoapprove-certificate-rotation")
	l.exec("w1", "sh", "-c", "systemctl stop kubelet && rm "+kept+" && systemctl start kubelet")
	l.becomes(8*time.Minute, 0, "1 warning", "certificate requests of kubelets are Pending")
	l.up()
	l.eventually(20*time.Minute, "no request is Pending", func(r result) bool {
		return r.code == 0 && !strings.Contains(r.stdout, "Pending")
	}, "cp1", "kubectl", "get", "csr")
	l.status(0, "sick is healthy\n")
}

const signing = "arguments:\n  kube-controller-manager: {cluster-signing-duration: 3m}\n"

// rotation shortens what the controller manager signs: the kubelet asks in time, again and again,
// and that is nothing to warn of.
func rotation(l *lab) {
	l.edit(arguments, signing)
	l.up()
	l.exec("w1", "sh", "-c",
		"systemctl stop kubelet && rm /var/lib/kubelet/pki/kubelet-client-* && systemctl start kubelet")
	l.eventually(12*time.Minute, "the third certificate", func(r result) bool {
		return r.code == 0 && strings.Count(r.stdout, "kubelet-client-2") >= 3
	}, "w1", "ls", "/var/lib/kubelet/pki")
	l.becomes(time.Minute, 0, "sick is healthy\n")
}

// longOff stops a kubelet until what it has kept has ended: status is red, and up has it begin
// again.
func longOff(l *lab) {
	l.exec("w1", "systemctl", "stop", "kubelet")
	l.eventually(10*time.Minute, "the certificate has ended", func(r result) bool { return r.code == 1 },
		"w1", "openssl", "x509", "-noout", "-checkend", "0", "-in", kept)
	l.status(7, kept+" (CN=system:node:w1,O=system:nodes) ended ")
	says(l.t, l.must(time.Minute, "plan", "-i", l.inventory), "- credential "+kept, "kept, and unfit: it ended ")
	l.edit(signing, arguments)
	l.up()
	l.ready(2, time.Minute)
	l.becomes(5*time.Minute, 0, "sick is healthy\n")
	l.settles()
}

// watched: elsewhere than on a terminal, a watch prints a block at the beginning and when something
// has changed; Ctrl-C is its proper end.
func watched(l *lab) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var said lockedBuffer
	c := exec.CommandContext(ctx, l.program, "status", "--watch", "--interval", "1s", "-q", "-i", l.inventory)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		l.t.Fatal(err)
	}
	blocks := func(n int) {
		l.t.Helper()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(2 * time.Minute); strings.Count(said.String(), "sick is ") < n; <-tick.C {
			if time.Now().After(deadline) {
				l.t.Fatalf("no block %d:\n%s", n, said.String())
			}
		}
	}
	blocks(1)
	l.kubectl("cordon", "w1")
	blocks(2)
	l.kubectl("uncordon", "w1")
	blocks(3)
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		l.t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		l.t.Errorf("Ctrl-C: %v\n%s", err, said.String())
	}
}

// lockedBuffer is a buffer that may be read while it is written to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// hostOff takes the power of a host: at first nothing more is known than that it does not answer,
// and when the API has given the node up, something is broken.
func hostOff(l *lab) {
	l.mustLab(time.Minute, "kill", "w1")
	l.status(4, "sick is healthy as far as it could be asked: 1 problem\n", "w1: not reached: ")
	l.becomes(3*time.Minute, 7, "1 of 2 Ready", "w1: the node is not ready: ")
	l.mustLab(2*time.Minute, "start", "w1")
	l.becomes(4*time.Minute, 0)
}
