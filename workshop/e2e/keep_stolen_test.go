//go:build e2e && hosts && keep

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestKeepStolen types what docs/operations.md says of stolen hosts, on three control planes and a
// worker. A thief has copies of the keys of the worker and of a control plane, and a certificate of
// his own that he has signed with them. Each of them opens something before, and nothing after;
// what runs goes on.
func TestKeepStolen(t *testing.T) {
	l := newLab(t, stolenName, "--control-planes", "3", "--workers", "1")
	l.slow = 3 // four hosts at once, on a machine that may have other work
	key := l.sealer()
	l.up()
	for _, host := range []string{"cp1", "cp2", "cp3", "w1"} {
		l.image(host)
	}
	l.apply(budgeted)
	l.kubectl("rollout", "status", "deployment/kept", "--timeout=3m")
	l.kubectl("create", "secret", "generic", "treasure", "--from-literal=gold=1")
	l.must(4*time.Minute, "addons", "-i", l.inventory, "--wait")

	l.steals("w1", "etc/kubernetes var/lib/kubelet/pki")
	l.steals("cp3", "etc/kubernetes etc/etcd/pki var/lib/kubelet/pki")
	l.exec("cp1", "sh", "-c", "umask 077; cd /root/stolen; kubectl create token -n kube-system coredns > token; "+
		"openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout forged.key -subj "+
		"/O=system:masters/CN=thief -out forged.csr && openssl x509 -req -in forged.csr -days 30 -CA "+
		"cp3/etc/kubernetes/pki/ca.crt -CAkey cp3/etc/kubernetes/pki/ca.key -CAcreateserial -out forged.crt")
	l.opens(map[string]string{
		"the forged administrator": "200", "the administrator of cp3": "200", "the kubelet of w1": "403",
		"the token": "403", "etcd's client of cp3": "1",
	})

	blocks := sections(t, "docs/operations.md", "## A stolen host")
	worker, plane := blocks["### A worker"], blocks["### A control plane"]
	if len(worker) < 1 || len(plane) < 20 {
		t.Fatalf("the page has %d lines for a worker, and %d for a control plane", len(worker), len(plane))
	}
	l.mustLab(time.Minute, "kill", "w1")
	l.carriesOut(worker, key)
	l.leaves("w1")
	l.mustLab(time.Minute, "kill", "cp3")
	removed, ready := slices.Index(plane, "kbootstrap add-node cp4"), slices.Index(plane, "kbootstrap up")
	l.carriesOut(plane[:removed], key)
	l.leaves("cp3")
	l.mustLab(5*time.Minute, "add", "--spare", "--name", "cp4")
	l.joinPlanes("cp4")
	l.carriesOut(plane[removed:ready], key)
	l.image("cp4")
	l.edit("hosts:\n", "security: {encryptionKey: 2}\nhosts:\n")
	l.carriesOut(plane[ready:], key)

	l.opens(map[string]string{
		"the forged administrator": "401", "the administrator of cp3": "401", "the kubelet of w1": "401",
		"the token": "401", "etcd's client of cp3": "refused",
	})
	value := l.exec("cp1", "sh", "-c", etcdctl+"get --print-value-only /registry/secrets/default/treasure | head -c 30")
	if !strings.HasPrefix(value, "k8s:enc:secretbox:v1:key2:") {
		t.Errorf("the Secret is encrypted as %q", value)
	}
	l.voters(3)
	l.ready(3, 5*time.Minute)
	l.kubectl("rollout", "restart", "deployment/kept")
	l.kubectl("rollout", "status", "deployment/kept", "--timeout=5m")
	l.kubectl("exec", "deployment/kept", "--", "true")
	l.eventually(3*time.Minute, "the figures of two nodes", func(r result) bool {
		return r.code == 0 && strings.Contains(r.stdout, "cp1 ") && strings.Contains(r.stdout, "cp2 ")
	}, "cp1", "kubectl", "top", "nodes")
	l.kubectl("create", "token", "default")
	l.upAgain()
}

// stolenName is the cluster's, which the page calls demo.
const stolenName = "keep-stolen"

// budgeted is a Deployment of two pods, of which a budget keeps one.
const budgeted = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kept}
spec:
  replicas: 2
  selector: {matchLabels: {app: kept}}
  template:
    metadata: {labels: {app: kept}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: sleep, image: "docker.io/library/busybox:1.36.1", imagePullPolicy: IfNotPresent, command: [sleep, "86400"]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: kept}
spec: {minAvailable: 1, selector: {matchLabels: {app: kept}}}
`

// steals copies directories of a host to cp1, from where the thief asks.
func (l *lab) steals(host, dirs string) {
	l.t.Helper()
	loot := l.exec(host, "sh", "-c", "cd / && tar ch "+dirs)
	l.exec("cp1", "install", "-d", "-m", "700", "/root/stolen/"+host)
	l.input(strings.NewReader(loot), "cp1", "tar", "x", "-C", "/root/stolen/"+host)
}

// thief asks the API and etcd with what was stolen, and does not care whom he asks. Each line that
// he prints has who he says he is, and what he gets.
const thief = `cd /root/stolen
api() { printf '%s: ' "$1"; shift; curl -sk -o /dev/null -w '%{http_code}\n' "$@" https://127.0.0.1:6443/api/v1/secrets; }
for f in cp3/etc/kubernetes/admin.conf; do
  for k in certificate key; do sed -n "s/.*client-$k-data: //p" $f | tr -d '"' | base64 -d >admin.$k; done; done
api 'the forged administrator' --cert forged.crt --key forged.key
api 'the administrator of cp3' --cert admin.certificate --key admin.key
api 'the kubelet of w1' --cert w1/var/lib/kubelet/pki/kubelet-client-current.pem
api 'the token' -H "Authorization: Bearer $(cat token)"
p=cp3/etc/kubernetes/pki; printf "etcd's client of cp3: "
ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --insecure-skip-tls-verify --cert $p/apiserver-etcd-client.crt \
  --key $p/apiserver-etcd-client.key --command-timeout 10s get /registry/secrets/default/treasure --keys-only --limit 1 2>/dev/null |
  grep -c treasure | sed 's/^0$/refused/'`

// opens checks what each of the stolen things opens.
func (l *lab) opens(want map[string]string) {
	l.t.Helper()
	got := map[string]string{}
	for line := range strings.Lines(l.exec("cp1", "sh", "-c", thief)) {
		who, what, _ := strings.Cut(strings.TrimSpace(line), ": ")
		got[who] = what
	}
	for who, what := range want {
		if got[who] != what {
			l.t.Errorf("%s gets %q, want %q", who, got[who], what)
		}
	}
}

// sections are the lines of the fenced blocks below a heading of a page, by the heading below it.
func sections(t *testing.T, page, heading string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", page, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	lines, part, isFenced := map[string][]string{}, "", false
	for line := range strings.Lines(section) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			isFenced = !isFenced
		case isFenced:
			line, _, _ = strings.Cut(line, " #")
			lines[part] = append(lines[part], strings.TrimSpace(line))
		case strings.HasPrefix(line, "### "):
			part = line
		}
	}
	return lines
}

// carriesOut types lines: calls of the tool as the user who has the inventory, and kubectl on cp1.
func (l *lab) carriesOut(lines []string, key string) {
	l.t.Helper()
	for _, line := range lines {
		line = strings.Replace(line, "--confirm demo", "--confirm "+stolenName, 1)
		words := strings.Fields(line)
		switch {
		case words[0] == "kubectl":
			begin := time.Now()
			l.mustLab(6*time.Minute, "exec", append([]string{"cp1", "--"}, words...)...)
			l.t.Logf("%s took %.1f s", line, time.Since(begin).Seconds())
		case line == "kbootstrap status":
			l.heals() // it tells of the moment, and a busy machine may have a bad one
		case slices.Contains(words, "rotate-ca"):
			l.typeLine(line+" --yes", key) // no person is there to be asked
		default:
			l.typeLine(line, key)
		}
	}
}
