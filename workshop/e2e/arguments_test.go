//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsArguments gives components arguments that a real host must show the effect of, and some
// that validate refuses before a host is asked.
func TestHostsArguments(t *testing.T) {
	l := newLab(t, "arguments", "--control-planes", "1", "--workers", "1")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"what cannot work is refused before a host is asked", refusedArguments},
		{"what a file decides goes into the file", translatedArguments},
		{"lists are joined", joinedArguments},
		{"OIDC by flags", oidcArguments},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// refusedArguments stops the hosts: who asks them would not get an answer.
func refusedArguments(t *testing.T, l *lab) {
	for _, test := range []struct{ line, says string }{
		{"  kube-apiserver: {bind-address: 192.168.56.11}\n", "KB1013"},
		{"  kube-controller-manager: {secure-port: 10357}\n", "KB1013"},
		{"  kube-scheduler: {bind-address: 192.168.56.11}\n", "KB1013"},
		{"  flanneld: {healthz-port: 8082}\n", "KB1013"},
		{"  kube-proxy: {healthz-bind-address: 192.168.56.11}\n", "KB1013"},
		{"  kube-apiserver: {authorization-mode: AlwaysAllow}\n", "KB1013"},
		{"  kube-proxy: {proxymode: ipvs}\n", `did you mean "proxy-mode"?`},
		{"  kube-apiserver: {insecure-port: 8080}\n", "it went away in Kubernetes 1.24"},
		{"  kube-scheduler: {feature-gates: CPUManager=true}\n", "it went away in Kubernetes 1.33"},
		{"  kube-proxy: {conntrack-min: many}\n", "KB1017"},
	} {
		l.edit(arguments, arguments+test.line)
		for _, verb := range []string{"validate", "plan"} {
			r := l.exits(2, verb, "-i", l.inventory)
			says(t, r.stderr, test.says)
		}
		l.edit(arguments+test.line, arguments)
	}
}

const translatedLines = "  kube-proxy: {nodeport-addresses: 192.168.56.0/24, metrics-bind-address: " +
	"\"0.0.0.0:10249\", " +
	"conntrack-udp-timeout: 45s}\n" +
	"  dockerd: {log-driver: journald, bip: 172.31.255.1/24, label: \"a=1,b=2\"}\n"

func translatedArguments(t *testing.T, l *lab) {
	l.up() // first without, so that the change is one of a cluster that runs
	l.edit(arguments, arguments+translatedLines)
	r := l.run(5*time.Minute, "up", "-i", l.inventory)
	if r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	says(t, r.stderr, "KB1018", "CIS 4.3.1")
	if n := strings.Count(r.stderr, "KB1018"); n != 1 {
		t.Errorf("%d warnings of one argument:\n%s", n, r.stderr)
	}
	for _, host := range []string{"cp1", "w1"} {
		says(t, l.exec(host, "ss", "-ltnH", "sport = :10249"), "*:10249")
		says(t, l.exec(host, "docker", "info"), "Logging Driver: journald", "a=1", "b=2")
		says(t, l.exec(host, "ip", "-4", "address", "show", "docker0"), "172.31.255.1/24")
	}
	says(t, l.exec("w1", "iptables-save", "-t", "nat"), "-A KUBE-SERVICES -d 192.168.56.12/32 ")
	if rules := l.exec("w1", "iptables-save", "-t", "nat"); strings.Contains(rules,
		"--dst-type LOCAL -j KUBE-NODEPORTS") {
		t.Errorf("node ports are open at every address:\n%s", rules)
	}
	l.upAgain()
	l.edit(translatedLines, "")
	l.must(5*time.Minute, "up", "-i", l.inventory)
	says(t, l.exec("w1", "ss", "-ltnH", "sport = :10249"), "127.0.0.1:10249")
	l.settles()
}

func joinedArguments(t *testing.T, l *lab) {
	const lines = "  kube-apiserver: {enable_admission_plugins: AlwaysPullImages, authorization-mode: " +
		"\"Webhook,RBAC\"}\n" +
		"  kube-controller-manager: {controllers: \"-ttl-controller\"}\n"
	l.edit(arguments, arguments+lines)
	// A webhook needs a file, so the API server does not start with it: only the plan shows this
	// list.
	says(t, l.run(2*time.Minute, "plan", "-i", l.inventory).stdout, "--authorization-mode=Node,RBAC,Webhook")
	l.edit(`, authorization-mode: "Webhook,RBAC"`, "")
	l.must(5*time.Minute, "up", "-i", l.inventory)
	says(t, l.exec("cp1", "pgrep", "-a", "kube-apiserver"),
		"--enable-admission-plugins=NodeRestriction,AlwaysPullImages",
		"--authorization-mode=Node,RBAC ")
	says(t, l.exec("cp1", "pgrep", "-a", "kube-controller"),
		"--controllers=*,bootstrapsigner,tokencleaner,-ttl-controller")
	l.upAgain()
}

// oidcArguments sets OIDC by flags, which exclude the tool's own authentication file.
func oidcArguments(t *testing.T, l *lab) {
	const line = "  kube-apiserver: {enable_admission_plugins: AlwaysPullImages}\n"
	l.edit(line, "  kube-apiserver: {oidc-issuer-url: \"https://oidc.invalid\", oidc-client-id: kubernetes}\n")
	r := l.run(5*time.Minute, "up", "-i", l.inventory)
	if r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	says(t, r.stderr, "CIS 1.2.1")
	says(t, l.exec("cp1", "pgrep", "-a", "kube-apiserver"), "--oidc-issuer-url=https://oidc.invalid")
	says(t, l.kubectl("get", "nodes"), "cp1", "w1")
	l.upAgain()
}
