//go:build e2e && hosts

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// dirOf is where drop-ins of a unit go.
const dirOf = "/etc/systemd/system/"

// TestHostsForeign: what others set besides the tool's files is seen by every verb, is refused by
// up where it changes what a service does, and where it has gone, so has what it did. What an
// operator adds stays.
func TestHostsForeign(t *testing.T) {
	l := newLab(t, "e2e-foreign", "--control-planes", "1", "--workers", "1")
	l.up()
	l.upAgain()
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"a drop-in opens docker to everybody", openDocker},
		{"a drop-in has the kubelet start with another command", otherKubelet},
		{"an operator's drop-ins stay", operatorsDropIns},
		{"all services get a variable of flannel", managerVariable},
		{"a chain drops what pods send", droppingChain},
		{"containerd takes in another cgroup driver", otherCgroupDriver},
		{"a host is renamed, and much else is set before it boots", renamedHost},
		{"a host would boot without forwarding", badBoot},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// write writes a file on w1.
func (l *lab) write(path, text string) {
	l.t.Helper()
	l.exec("w1", "sh", "-c", `mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1"`, "sh", path, text)
}

// remove removes a file on w1, and has systemd read its files again.
func (l *lab) remove(paths ...string) {
	l.t.Helper()
	l.exec("w1", append([]string{"rm", "-rf", "--"}, paths...)...)
	l.exec("w1", "systemctl", "daemon-reload")
}

// foreign checks that all verbs tell of a thing: drift and plan as a difference, status as a
// warning, and up ends with it and a code before it changes anything.
func (l *lab) foreign(code, text string) {
	l.t.Helper()
	for _, verb := range []struct {
		arguments []string
		exit      int
	}{{[]string{"drift"}, 3}, {[]string{"plan", "--detailed-exitcode"}, 3}, {[]string{"status"}, -1},
		{[]string{"up"}, 5}} {
		r := l.run(2*time.Minute, append(verb.arguments, "-i", l.inventory)...)
		said := r.stdout + r.stderr
		if verb.exit >= 0 && r.code != verb.exit || !strings.Contains(said, text) {
			l.t.Fatalf("%s: exit %d, want %d, with %q\n%s", verb.arguments[0], r.code, verb.exit, text, said)
		}
		if verb.arguments[0] != "status" && !strings.Contains(said, code) {
			l.t.Fatalf("%s: no %s\n%s", verb.arguments[0], code, said)
		}
	}
}

// clean checks that nothing differs any more.
func (l *lab) clean() {
	l.t.Helper()
	l.must(2*time.Minute, "drift", "-i", l.inventory)
}

// openDocker: the reported override.conf, its service restarted with it, and what up does when it
// has gone, without a word to systemd.
func openDocker(_ *testing.T, l *lab) {
	const path = dirOf + "docker.service.d/override.conf"
	l.write(path, "[Service]\nExecStart=\nExecStart=/usr/local/bin/dockerd -H unix:///run/docker.sock "+
		"-H tcp://0.0.0.0:2375 --tls=false")
	l.exec("w1", "sh", "-c", "systemctl daemon-reload && systemctl restart docker")
	l.foreign("KB3061", path+":3 sets ExecStart, and opens docker at tcp://0.0.0.0:2375 without TLS")
	l.must(2*time.Minute, "up", "-i", l.inventory, "--ignore-preflight=ForeignSetting") // it warns, and goes on
	l.exec("w1", "rm", path)
	r := l.run(2*time.Minute, "drift", "-i", l.inventory)
	if r.code != 3 || !strings.Contains(r.stdout, "started as ") {
		l.t.Fatalf("drift: exit %d\n%s", r.code, r.stdout)
	}
	l.up()
	if open := l.exec("w1", "sh", "-c", "ss -Hltn | grep -c ':2375 ' || true"); strings.TrimSpace(open) != "0" {
		l.t.Errorf("docker still listens at 2375: %s", open)
	}
	l.clean()
}

// otherKubelet: a command without --node-ip, in the directory that is lost at a boot.
func otherKubelet(_ *testing.T, l *lab) {
	const path = "/run/systemd/system/kubelet.service.d/90-site.conf"
	l.write(path, "[Service]\nExecStart=\nExecStart=/usr/local/bin/kubelet --config=/var/lib/kubelet/config.yaml "+
		"--kubeconfig=/etc/kubernetes/kubelet.conf")
	l.foreign("KB3061", path+":3 sets ExecStart, which changes what kubelet.service does")
	l.remove(path)
	const all = "/run/systemd/system/service.d/50-deny.conf"
	l.write(all, "[Service]\nIPAddressDeny=any")
	l.foreign("KB3061", all+":2 sets IPAddressDeny, which changes what containerd.service, kubelet.service")
	l.remove("/run/systemd/system/service.d")
	l.clean()
}

// operatorsDropIns: a proxy for images, limits and an order are the operator's business alone.
func operatorsDropIns(_ *testing.T, l *lab) {
	l.write(dirOf+"docker.service.d/proxy.conf", "[Service]\nEnvironment=HTTPS_PROXY=http://10.9.9.9:3128")
	l.write(dirOf+"kubelet.service.d/limits.conf",
		"[Service]\nLimitNOFILE=500000\nNice=-1\n[Unit]\nAfter=local-fs.target")
	l.exec("w1", "systemctl", "daemon-reload")
	l.upAgain()
	if said := l.must(2*time.Minute, "drift", "-i", l.inventory); strings.Contains(said, "ForeignSetting") {
		l.t.Errorf("the operator's own is told:\n%s", said)
	}
	l.remove(dirOf+"docker.service.d/proxy.conf", dirOf+"kubelet.service.d/limits.conf")
}

func managerVariable(_ *testing.T, l *lab) {
	l.exec("w1", "systemctl", "set-environment", "FLANNELD_IFACE=host0")
	l.foreign("KB3061", "sets the variable FLANNELD_IFACE of all services, which changes what flanneld.service does")
	l.exec("w1", "systemctl", "unset-environment", "FLANNELD_IFACE")
	l.clean()
}

func droppingChain(_ *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", "nft add table inet site && "+
		"nft add chain inet site gate '{ type filter hook forward priority 0; policy drop; }'")
	l.foreign("KB3063", "the chain gate of the table inet site drops, by its policy, every packet of a pod")
	l.exec("w1", "nft", "delete", "table", "inet", "site")
	l.exec("w1", "iptables", "-I", "FORWARD", "-j", "REJECT")
	l.foreign("KB3063", "the chain FORWARD of the table ip filter drops, by its rule, every packet of a pod")
	l.exec("w1", "iptables", "-D", "FORWARD", "-j", "REJECT")
	l.clean()
}

func otherCgroupDriver(_ *testing.T, l *lab) {
	const path = "/etc/containerd/conf.d/site.toml"
	l.write(path, `[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]`+"\nSystemdCgroup = false")
	l.foreign("KB3061", path+":2 sets ")
	l.remove(path)
	l.clean()
}

// renamedHost: after a boot under another name, with /etc/sysctl.conf against forwarding, a proxy
// for all services and a static pod, the node is the same, is Ready, and runs no pod of others.
func renamedHost(t *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", "echo elsewhere >/etc/hostname; hostname elsewhere; "+
		"echo net.ipv4.ip_forward=0 >>/etc/sysctl.conf")
	l.write("/etc/systemd/system.conf.d/proxy.conf", "[Manager]\nDefaultEnvironment=HTTPS_PROXY=http://10.9.9.9:3128")
	l.write("/etc/kubernetes/manifests/foreign.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: foreign}\n"+
		"spec: {containers: [{name: c, image: registry.k8s.io/pause}]}")
	l.mustLab(time.Minute, "stop", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	l.ready(2, 3*time.Minute)
	got := strings.Fields(l.exec("w1", "sh", "-c", "hostname; cat /proc/sys/net/ipv4/ip_forward"))
	if !slices.Equal(got, []string{"elsewhere", "1"}) {
		t.Errorf("after the boot: %q", got)
	}
	l.upAgain()
	l.clean()
	l.must(2*time.Minute, "status", "-i", l.inventory)
	if pods := l.kubectl("get", "pods", "-A", "-o", "name"); strings.Contains(pods, "foreign") {
		t.Errorf("a static pod runs:\n%s", pods)
	}
	environment := l.exec("w1", "sh", "-c", "tr '\\0' '\\n' </proc/$(pidof kubelet)/environ")
	if strings.Contains(environment, "10.9.9.9") {
		t.Errorf("the kubelet goes through the proxy of all services:\n%s", environment)
	}
	l.exec("w1", "sh", "-c", "sed -i '$d' /etc/sysctl.conf; rm /etc/systemd/system.conf.d/proxy.conf")
}

func badBoot(_ *testing.T, l *lab) {
	l.write("/etc/sysctl.d/zzzz-site.conf", "net/ipv4/ip_forward=0")
	l.foreign("KB3062", "/etc/sysctl.d/zzzz-site.conf:1 sets net.ipv4.ip_forward = 0")
	l.remove("/etc/sysctl.d/zzzz-site.conf")
	l.write("/etc/modprobe.d/site.conf", "install br_netfilter /bin/true")
	l.foreign("KB3062", "/etc/modprobe.d/site.conf:1 runs another program in place of loading the module br_netfilter")
	l.remove("/etc/modprobe.d/site.conf")
	l.clean()
}
