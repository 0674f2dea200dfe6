//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// stolen are requests with the keys of w1, as root on it could make them: what each is about, the
// kubeconfig, the path and the body of a patch, and whether the API takes it.
var stolen = []struct {
	what, config, path, patch string
	allowed                   bool
}{
	{"flannel: its own annotation", "flannel", "w1/status",
		`{"metadata":{"annotations":{"flannel.alpha.coreos.com/public-ip-overwrite":null}}}`, true},
	{"flannel: that its network is there", "flannel", "w1/status",
		`{"status":{"conditions":[{"type":"NetworkUnavailable","status":"False","reason":"FlannelIsUp"}]}}`, true},
	{"flannel: the address of another node's traffic", "flannel", "cp1/status",
		`{"metadata":{"annotations":{"flannel.alpha.coreos.com/public-ip":"10.0.0.1"}}}`, false},
	{"flannel: another node is not Ready", "flannel", "cp1/status",
		`{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`, false},
	{"flannel: a label of control planes", "flannel", "w1/status",
		`{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}`, false},
	{"flannel: the address of the API server's calls", "flannel", "w1/status",
		`{"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}}`, false},
	{"flannel: an annotation of others", "flannel", "w1/status", `{"metadata":{"annotations":{"x":"y"}}}`, false},
	{"flannel: its node is not Ready", "flannel", "w1/status",
		`{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`, false},
	{"flannel: a taint", "flannel", "w1", `{"spec":{"unschedulable":true}}`, false},
	{"kubelet: another node is not Ready", "kubelet", "cp1/status",
		`{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`, false},
	{"kubelet: a label of another node", "kubelet", "cp1", `{"metadata":{"labels":{"x":"y"}}}`, false},
	{"kubelet: a label of control planes", "kubelet", "w1",
		`{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}`, false},
}

// TestHostsKeys: what the keys of a host reach, tried with the keys that lie there.
func TestHostsKeys(t *testing.T) {
	l := newLab(t, "keys", "--control-planes", "1", "--workers", "1")
	l.up()
	for _, s := range stolen {
		answer := l.exec("w1", "sh", "-c", patchScript, "sh", s.config, s.path, s.patch)
		if want := map[bool]string{true: "200", false: "403"}[s.allowed]; !strings.HasSuffix(answer, want) {
			// A policy answers 422, RBAC 403.
			if s.allowed || !strings.HasSuffix(answer, "422") {
				t.Errorf("%s: want %s: %s", s.what, want, answer)
			}
		}
	}
	peersOnly(l)
	operators(l)
	glass(l)
	l.upAgain()
}

// patchScript patches a node with a kubeconfig's certificate, without reading it first, and prints
// the answer and its status.
const patchScript = `set -e; umask 077; d=$(mktemp -d); f=/etc/kubernetes/$1.conf
for k in client-certificate client-key certificate-authority; do
  sed -n "s/.*$k-data: //p" $f | base64 -d >$d/$k; done
server=$(sed -n 's/.*server: "\(.*\)"/\1/p' $f)
curl -s -w '%{http_code}' --cacert $d/certificate-authority --cert $d/client-certificate --key $d/client-key \
  -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' -d "$3" $server/api/v1/nodes/$2; rm -r $d`

// peersOnly: a client's certificate is refused where members are served, and a member's is not.
func peersOnly(l *lab) {
	const ask = `cd /etc/etcd/pki; curl -s -o /dev/null -w '%{http_code}' --http1.1 --cacert ca.crt --cert $1.crt \
  --key $1.key https://$2:2380/members || true`
	address := strings.TrimSpace(l.kubectl("get", "node", "cp1", "-o",
		`jsonpath={.status.addresses[?(@.type=="InternalIP")].address}`))
	for name, want := range map[string]string{"peer": "200", "healthcheck-client": "000", "server": "000"} {
		if got := strings.TrimSpace(l.exec("cp1", "sh", "-c", ask, "sh", name, address)); got != want {
			l.t.Errorf("etcd answers %s to a member with the certificate %q, want %s", got, name, want)
		}
	}
}

// operators: the audit log tells who ran the tool, and only a new cluster needed super-admin.conf.
func operators(l *lab) {
	log := l.exec("cp1", "sh", "-c", `grep -h '"verb":"patch"' /var/log/kubernetes/audit.log | tail -n 400`)
	if !strings.Contains(log, `"impersonatedUser":{"username":"kbootstrap:`) {
		l.t.Error("no request was made in the name of an operator")
	}
}

// glass breaks the binding of the administrator: the tool puts it right, which takes the one key
// that needs no binding.
func glass(l *lab) {
	l.kubectl("delete", "clusterrolebinding", "kubeadm:cluster-admins")
	l.eventually(time.Minute, "the administrator is refused", func(r result) bool {
		return r.code != 0 && strings.Contains(r.stderr, "Forbidden")
	}, "cp1", "kubectl", "get", "nodes")
	l.up()
	l.kubectl("get", "nodes")
	l.kubectl("-n", "kube-system", "logs", "-l", "k8s-app=kube-dns", "--tail", "1")
}
