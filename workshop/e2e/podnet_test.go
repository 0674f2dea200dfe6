//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsPodNetwork: what keeps pods from starting, or from reaching anything, is seen by every
// verb and mended by `up`: what an earlier installer left, a node that was deleted, a configuration
// of another program, interfaces and rules that are gone.
func TestHostsPodNetwork(t *testing.T) {
	l := newLab(t, "podnet", "--control-planes", "1", "--workers", "1")
	for _, step := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"what an earlier installer left", podNetworkLeft},
		{"a deleted node", nodeDeleted},
		{"a podCIDR behind flannel's back", subnetChanged},
		{"another program's CNI configuration", foreignCNI},
		{"a sick host", podNetworkSick},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			return
		}
	}
}

// podNetworkLeft has a bridge on w1 that containers of another program use, then one that is only
// left over, and addresses that are taken by no container.
func podNetworkLeft(t *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", `set -e
ip link add cni0 type bridge; ip addr add 10.88.0.1/16 dev cni0; ip link set cni0 up
ip link add veth7 master cni0 type veth peer name theirs`)
	fail, _ := l.findings(5)
	if text := strings.Join(fail, "\n"); !strings.Contains(text,
		"PodNetwork w1: the bridge cni0 has 10.88.0.1/16 and carries veth7") {
		t.Errorf("a bridge that is in use is no failure: %q", fail)
	}
	l.exec("w1", "sh", "-c", `set -e
ip link del veth7; ip addr flush dev cni0; ip addr add 10.244.9.1/24 dev cni0
mkdir -p /var/lib/cni/networks/cbr0
for subnet in 0 1 2; do
  for i in $(seq 2 254); do echo gone >/var/lib/cni/networks/cbr0/10.244.$subnet.$i; done
done`)
	_, warn := l.findings(0)
	text := strings.Join(warn, "\n")
	if !strings.Contains(text, "PodNetwork w1: an earlier installer left the bridge cni0 with 10.244.9.1/24") ||
		!strings.Contains(text, "PodNetwork w1: /var/lib/cni/networks/cbr0 holds 759 addresses") {
		t.Errorf("what is left is no warning: %q", warn)
	}
	l.up()
	l.podStarts("left")
	l.upAgain()
}

// podStarts runs a new pod on w1, which gets an address of the node's subnet, and answers cp1's
// pod.
func (l *lab) podStarts(name string) {
	l.t.Helper()
	image := l.kubectl("-n", "kbootstrap", "get", "daemonset", "probe", "-o", "jsonpath={..image}")
	l.kubectl("run", name, "--image="+image, `--overrides={"spec":{"nodeName":"w1"}}`)
	l.kubectl("wait", "--for=condition=Ready", "pod/"+name, "--timeout=60s")
	l.podAnswers(name)
}

// podAnswers pings a pod of w1 from cp1.
func (l *lab) podAnswers(name string) {
	l.t.Helper()
	subnet := strings.TrimSuffix(l.kubectl("get", "node", "w1", "-o", "jsonpath={.spec.podCIDR}"), ".0/24")
	address := l.kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}")
	if !strings.HasPrefix(address, subnet+".") {
		l.t.Errorf("pod %s has %s, and the subnet of the node begins with %s", name, address, subnet)
	}
	l.eventually(30*time.Second, "pod "+name+" across hosts", func(r result) bool { return r.code == 0 },
		"cp1", "ping", "-c", "1", "-W", "2", address)
}

func nodeDeleted(t *testing.T, l *lab) {
	l.kubectl("delete", "node", "w1")
	l.exits(3, "plan", "--detailed-exitcode", "-i", l.inventory).says(t, "registration of node w1")
	l.up()
	l.podAnswers("left")
	l.upAgain()
}

func subnetChanged(t *testing.T, l *lab) {
	before := l.kubectl("get", "node", "w1", "-o", "jsonpath={.spec.podCIDR}")
	l.kubectl("delete", "node", "w1")
	l.exec("w1", "systemctl", "restart", "kubelet")
	l.eventually(time.Minute, "the node is registered", contains("10.244."),
		"cp1", "kubectl", "get", "node", "w1", "-o", "jsonpath={.spec.podCIDR}")
	l.exits(7, "status", "-i", l.inventory).says(t, "flanneld holds the subnet of ",
		"and the node's podCIDR is 10.244.", "pod default/left runs with the address ")
	l.up()
	if after := l.kubectl("get", "node", "w1", "-o", "jsonpath={.spec.podCIDR}"); after == before {
		t.Errorf("the case is no case: the subnet is %s as before", after)
	}
	l.podAnswers("left")
	l.podStarts("later")
	l.upAgain()
}

// foreignCNI has files that sort first, in the directory of all programs and in the tool's own.
func foreignCNI(t *testing.T, l *lab) {
	l.exec("w1", "sh", "-c", `set -e
mkdir -p /etc/cni/net.d
echo '{"cniVersion":"1.0.0","name":"other","plugins":[{"type":"calico"}]}' >/etc/cni/net.d/00-calico.conflist
systemctl restart containerd`)
	l.upAgain()
	l.podStarts("next")
	l.exec("w1", "sh", "-c", "cp /etc/cni/net.d/00-calico.conflist /etc/kubernetes/cni/net.d/")
	l.exits(3, "plan", "--detailed-exitcode", "-i", l.inventory).says(t, "strays in /etc/kubernetes/cni/net.d",
		"00-calico.conflist")
	l.up()
	l.podStarts("within")
	if left := l.exec("w1", "ls", "/etc/cni/net.d"); strings.TrimSpace(left) != "00-calico.conflist" {
		t.Errorf("the owner's directory has %q", left)
	}
	l.upAgain()
}

// podNetworkSick breaks the network of w1 in ways that leave every service running. status says so,
// and up mends it where the tool can.
func podNetworkSick(t *testing.T, l *lab) {
	for _, sick := range []struct{ breaks, says, mend string }{
		{"ip link set cni0 down", "interface cni0 is down", ""},
		{"ip link del cni0", "its interface is not on cni0", ""},
		{"for c in KUBE-SERVICES KUBE-NODEPORTS KUBE-POSTROUTING; do iptables -t nat -F $c; done",
			"the API's Service address 10.96.0.1:443 is not reached from this host's pod", ""},
		{"echo '{}' >/etc/kubernetes/cni/net.d/10-flannel.conflist", "gives new pods no subnet", ""},
		{"iptables -I INPUT -p udp --dport 8472 -j DROP", "the pod of cp1 (10.244.",
			"iptables -D INPUT -p udp --dport 8472 -j DROP"},
	} {
		l.exec("w1", "sh", "-c", sick.breaks)
		l.exits(7, "status", "-i", l.inventory).says(t, sick.says)
		if sick.mend != "" {
			l.exec("w1", "sh", "-c", sick.mend)
		} else {
			l.up()
		}
		l.podAnswers("left")
		l.exits(0, "status", "-i", l.inventory)
	}
	// flanneld ends with its interface, and makes it again when systemd starts it.
	l.exec("w1", "ip", "link", "del", "flannel.1")
	l.up()
	l.podAnswers("left")
	l.upAgain()
}
