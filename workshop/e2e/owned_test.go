//go:build e2e && hosts

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestHostsUfw has ufw filter on both hosts with what its owner let in: the tool tells of it, does
// not filter next to it, turns it off where it may, sees that it was turned on again, and gives it
// back.
func TestHostsUfw(t *testing.T) {
	l := newLab(t, "ufw", "--control-planes", "1", "--workers", "1", "--image", "debian-12-owned")
	for _, h := range l.hosts() {
		// An owner has one of the two: a firewalld that starts flushes the rules of ufw.
		l.exec(h.Name, "systemctl", "disable", "--now", "firewalld")
		l.exec(h.Name, "sh", "-euc", "ufw allow 22/tcp; ufw allow 9999/tcp; ufw default deny incoming; "+
			"ufw --force enable")
	}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"it is not filtered next to ufw", func(_ *testing.T, l *lab) {
			l.edit("artifacts: {mirror", "firewall: configure\nartifacts: {mirror")
			l.mustRefuse(5, []string{"up"}, "KB3073", "ufw runs", "ufw disable")
			l.edit("firewall: configure", "firewall: leave")
			l.mustRefuse(5, []string{"up"}, "KB3030", "ufw runs, because the inventory says firewall: leave",
				"ufw allow")
			l.filters(true)
			l.edit("firewall: leave", "firewall: disable\nrestoreOnReset: true")
		}},
		{"up", func(t *testing.T, l *lab) {
			says(t, l.must(3*time.Minute, "preflight", "-i", l.inventory), "ufw runs; up turns ufw off")
			l.up()
			l.filters(false)
		}},
		{"second up", func(_ *testing.T, l *lab) { l.upAgain() }},
		{"verify", func(_ *testing.T, l *lab) { l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick") }},
		{"turned on again", func(t *testing.T, l *lab) {
			l.exec("w1", "ufw", "--force", "enable")
			r := l.run(2*time.Minute, "drift", "-i", l.inventory)
			if r.code != 3 || !strings.Contains(r.stdout, "filters packets") {
				t.Errorf("drift: exit %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			l.up()
			l.filters(false)
		}},
		{"reset", func(_ *testing.T, l *lab) {
			l.must(5*time.Minute, "reset", "-i", l.inventory, "--confirm", "ufw")
			l.filters(true)
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// filters checks whether ufw filters on all hosts, with the rule of its owner.
func (l *lab) filters(want bool) {
	l.t.Helper()
	for _, h := range l.hosts() {
		status := l.exec(h.Name, "ufw", "status")
		if got := strings.Contains(status, "Status: active"); got != want {
			l.t.Errorf("%s: ufw filters: %t, want %t\n%s", h.Name, got, want, status)
		}
		if want && !strings.Contains(status, "9999/tcp") {
			l.t.Errorf("%s: the rule of its owner is gone:\n%s", h.Name, status)
		}
	}
}

// TestHostsOwned makes a cluster where w1 has what clouds and desktops have: the stub of
// systemd-resolved in its resolv.conf, a systemd-networkd and a NetworkManager that would care for
// every interface, and a cloud-init that names the host and writes its /etc/hosts at each boot.
func TestHostsOwned(t *testing.T) { owned(t, "debian-12-owned") }

// TestHostsOwned11 does that with Debian 11.
func TestHostsOwned11(t *testing.T) { owned(t, "debian-11-owned") }

// TestHostsOwned13 does that with Debian 13.
func TestHostsOwned13(t *testing.T) { owned(t, "debian-13-owned") }

func owned(t *testing.T, image string) {
	l := newLab(t, "owned", "--control-planes", "1", "--workers", "1", "--image", image)
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"its owner's programs", ownersPrograms},
		{"cp1 has no DNS server", func(_ *testing.T, l *lab) {
			l.mustRefuse(5, []string{"up"}, "KB3020", "w1 has one, to which the cluster DNS forwards")
			l.exec("cp1", "sh", "-c", "echo nameserver 192.168.56.11 >/etc/resolv.conf")
		}},
		{"up", func(_ *testing.T, l *lab) { l.up() }},
		{"second up", func(_ *testing.T, l *lab) { l.upAgain() }},
		{"resolved", resolvedStub},
		{"networkd", takesAll},
		{"NetworkManager", networkingOff},
		{"cloud-init at a boot", cloudBoot},
		{"reset", func(_ *testing.T, l *lab) {
			l.must(5*time.Minute, "reset", "-i", l.inventory, "--confirm", "owned")
			l.exec("w1", "sh", "-euc", "test ! -e /etc/systemd/network/0-kbootstrap.network; "+
				"test -e /etc/systemd/network/99-all.network")
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// ownersPrograms turns on what w1 has. The lab gives its interfaces their addresses, which networkd
// is to keep; nothing answers at the DNS server.
func ownersPrograms(_ *testing.T, l *lab) {
	l.write("/etc/systemd/resolved.conf.d/site.conf", "[Resolve]\nDNS=192.168.56.11")
	l.write("/etc/systemd/network/10-eth.network",
		"[Match]\nName=eth*\n[Network]\nKeepConfiguration=yes\nLinkLocalAddressing=no")
	l.write("/etc/systemd/network/99-all.network", "[Match]\nName=*\n[Network]\nLinkLocalAddressing=no")
	l.exec("w1", "sh", "-euc", "systemctl enable --now systemd-resolved; "+
		"ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf; "+
		"systemctl unmask systemd-networkd.service systemd-networkd.socket; "+
		"systemctl enable --now systemd-networkd; systemctl disable systemd-networkd-wait-online")
	// NetworkManager is to take what it may, which is all but the interfaces of the lab.
	l.write("/etc/NetworkManager/conf.d/site.conf", "[keyfile]\nunmanaged-devices=interface-name:eth*")
	l.exec("w1", "systemctl", "enable", "--now", "NetworkManager")
}

// resolvedStub: pods ask the servers behind the stub, which in a pod is the pod.
func resolvedStub(t *testing.T, l *lab) {
	says(t, l.exec("w1", "cat", "/etc/resolv.conf"), "nameserver 127.0.0.53")
	says(t, l.exec("w1", "cat", "/var/lib/kubelet/config.yaml"), `resolvConf: "/run/systemd/resolve/resolv.conf"`)
	pods := l.exec("w1", "sh", "-c",
		"cat /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/*/resolv.conf")
	says(t, pods, "nameserver 192.168.56.11")
	if strings.Contains(pods, "127.0.0.53") {
		t.Errorf("a pod asks the stub of its host:\n%s", pods)
	}
}

// takesAll: a networkd that starts, and whose file matches every interface, leaves the ends of pods
// in their bridge.
func takesAll(_ *testing.T, l *lab) {
	l.bridged()
	l.exec("w1", "systemctl", "restart", "systemd-networkd")
	l.eventually(time.Minute, "networkd has looked at all interfaces", func(r result) bool {
		return r.code == 0 && strings.Contains(r.stdout, "cni0") && !strings.Contains(r.stdout, "pending") &&
			!strings.Contains(r.stdout, "configuring")
	}, "w1", "networkctl", "list", "--no-pager")
	l.bridged()
	l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick")
}

// bridged checks that the bridge of pods has ports and its address, and that networkd does not care
// for it.
func (l *lab) bridged() {
	l.t.Helper()
	links := l.exec("w1", "sh", "-c",
		"networkctl list --no-pager; ip -brief address show cni0; ip -brief link show master cni0")
	for line := range strings.Lines(links) {
		f := strings.Fields(line)
		isOurs := len(f) == 5 && (f[1] == "cni0" || f[1] == "flannel.1" || strings.HasPrefix(f[1], "veth"))
		if isOurs && f[4] != "unmanaged" {
			l.t.Errorf("networkd cares for %s", line)
		}
	}
	if !strings.Contains(links, "10.244.") || strings.Count(links, "@") == 0 {
		l.t.Errorf("the bridge of pods:\n%s", links)
	}
}

// networkingOff: a NetworkManager that takes all interfaces down leaves those of pods up.
func networkingOff(t *testing.T, l *lab) {
	l.exec("w1", "sh", "-euc", "systemctl reload NetworkManager; nmcli networking off; nmcli networking on")
	l.bridged()
	for line := range strings.Lines(l.exec("w1", "nmcli", "--terse", "--fields", "DEVICE,STATE", "device")) {
		name, state, _ := strings.Cut(strings.TrimSpace(line), ":")
		isOurs := name == "cni0" || name == "flannel.1" || name == "docker0" || strings.HasPrefix(name, "veth")
		if isOurs && state != "unmanaged" {
			t.Errorf("NetworkManager cares for %s", line)
		}
	}
	l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick")
}

// cloudBoot: cloud-init comes to a host of the cluster, names it otherwise and writes its
// /etc/hosts. The node stays what it is; preflight waits for nothing when cloud-init has ended.
func cloudBoot(t *testing.T, l *lab) {
	l.write("/etc/cloud/cloud.cfg.d/99-site.cfg", "datasource_list: [NoCloud]\nnetwork: {config: disabled}\n"+
		"ssh_deletekeys: false")
	l.write("/var/lib/cloud/seed/nocloud/meta-data", "instance-id: i-1")
	l.write("/var/lib/cloud/seed/nocloud/user-data",
		"#cloud-config\nhostname: cloudy\npreserve_hostname: false\nmanage_etc_hosts: true")
	l.exec("w1", "rm", "/etc/cloud/cloud-init.disabled")
	l.mustLab(time.Minute, "stop", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	l.eventually(3*time.Minute, "cloud-init has ended", contains("done"), "w1", "cloud-init", "status")
	says(t, l.exec("w1", "hostname"), "cloudy")
	says(t, l.exec("w1", "cat", "/etc/hosts"), "'manage_etc_hosts' as True", "cloudy")
	l.ready(2, 3*time.Minute)
	if said := l.must(3*time.Minute, "preflight", "-i", l.inventory); strings.Contains(said, "KB3075") {
		t.Errorf("cloud-init has ended, and preflight says\n%s", said)
	}
	l.upAgain()
	l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick")
	// One whose last stage has not come yet is told.
	l.exec("w1", "mv", "/run/cloud-init/result.json", "/run/cloud-init/result.json.off")
	says(t, l.must(3*time.Minute, "preflight", "-i", l.inventory), "KB3075", "cloud-init has not ended")
}
