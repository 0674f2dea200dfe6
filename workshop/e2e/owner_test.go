//go:build e2e && hosts

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// theirs is what the owner of w1 had there before the tool came.
var theirs = map[string]string{
	"/var/lib/docker/volumes/app/_data/f":    "precious",
	"/etc/cni/net.d/87-podman-bridge.conf":   "{}",
	"/etc/kubernetes/x":                      "of the owner",
	"/var/lib/kubelet/mine":                  "of the owner",
	"/var/lib/etcd/member/snap/db":           "another etcd",
	"/opt/cni/bin/podman-plugin":             "a program",
	"/etc/containerd/config.toml":            "version = 2\nroot = '/data/containerd'\n",
	"/etc/containerd/certs.d/_/hosts.toml":   "server = 'https://mirror.example.org'\n",
	"/var/lib/containerd/io.containerd.mine": "of the owner",
	"/etc/docker/daemon.json": `{"data-root":"/var/lib/docker/site","bip":"10.200.0.1/24","hosts":["tcp://0.0.0.0:2375"],` +
		`"registry-mirrors":["https://mirror.example.org"],"log-driver":"journald"}`,
	"/var/lib/docker/site/readme": "of the owner",
}

// TestHostsOwner lets a cluster come and go on a host that its owner used before, in this order.
func TestHostsOwner(t *testing.T) {
	l := newLab(t, "owner", "--control-planes", "1", "--workers", "1")
	for path, text := range theirs {
		l.exec("w1", "mkdir", "-p", filepath.Dir(path))
		l.input(strings.NewReader(text), "w1", "tee", path)
	}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"reset before the first up", resetOfNothing},
		{"preflight names what would be replaced", replacesNamed},
		{"docker keeps the owner's settings", dockerKept},
		{"the wrong inventory", resetOfAnother},
		{"reset is shown", resetShown},
		{"reset is killed, and run again", resetKilled},
		{"data that is not ours", dataDeleted},
		{"a docker of the owner runs again", dockerRunsAgain},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// asBefore checks that w1 has everything of its owner, byte for byte.
func asBefore(t *testing.T, l *lab) {
	t.Helper()
	for path, want := range theirs {
		if r := l.runLab(time.Minute, "exec", "w1", "--", "cat", path); r.code != 0 || r.stdout != want {
			t.Errorf("%s: exit %d, got %q, want %q\n%s", path, r.code, r.stdout, want, r.stderr)
		}
	}
}

func resetOfNothing(t *testing.T, l *lab) {
	out := l.must(time.Minute, "reset", "-i", l.inventory, "--confirm", "owner", "--delete-data")
	if !strings.Contains(out, "w1: nothing of ours ever ran here; left alone") {
		t.Errorf("it does not say that the host is left alone:\n%s", out)
	}
	asBefore(t, l)
}

func replacesNamed(t *testing.T, l *lab) {
	out := l.run(2*time.Minute, "preflight", "-i", l.inventory).stdout
	for _, want := range []string{
		"hosts in /etc/docker/daemon.json would be replaced; bip, data-root, log-driver, registry-mirrors would stay",
		"/etc/containerd/config.toml would be replaced, and with it root", "KB3065",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("preflight does not say %q:\n%s", want, out)
		}
	}
}

func dockerKept(t *testing.T, l *lab) {
	l.up()
	l.upAgain()
	info := l.exec("w1", "docker", "info")
	bridge := l.exec("w1", "ip", "-4", "addr", "show", "docker0")
	if !strings.Contains(info, "/var/lib/docker/site") || !strings.Contains(info, "mirror.example.org") ||
		!strings.Contains(bridge, "10.200.0.1/24") {
		t.Errorf("docker has lost settings of its owner:\n%s\n%s", info, bridge)
	}
	l.exec("w1", "sed", "-i", "s/mirror.example.org/other.example.org/", "/etc/docker/daemon.json")
	l.must(time.Minute, "drift", "-i", l.inventory)
	l.exec("w1", "sed", "-i", "s/other.example.org/mirror.example.org/", "/etc/docker/daemon.json")
}

// variant writes an inventory next to the first that differs in some texts.
func variant(t *testing.T, l *lab, name string, replaced ...string) string {
	t.Helper()
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(l.dir, name)
	changed := strings.NewReplacer(replaced...).Replace(string(text))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil || changed == string(text) {
		t.Fatalf("%s: nothing is replaced, %v", name, err)
	}
	return path
}

func resetOfAnother(t *testing.T, l *lab) {
	other := variant(t, l, "other.yaml", "cluster: owner", "cluster: other")
	// The control plane cannot be reached: cp1 is where nothing listens.
	workers := variant(t, l, "workers.yaml", "cluster: owner", "cluster: other",
		"name: cp1\n    address: 192.168.56.11\n    ssh: {address: 127.0.0.1,",
		"name: cp1\n    address: 192.168.56.11\n    ssh: {address: 127.0.0.99,")
	refused := func(code string, arguments ...string) {
		t.Helper()
		r := l.run(2*time.Minute, append([]string{"reset"}, arguments...)...)
		if r.code != 9 || !strings.Contains(r.stderr, code) {
			t.Errorf("reset %q: exit %d, want 9 with %s\n%s%s", arguments, r.code, code, r.stdout, r.stderr)
		}
	}
	refused("KB6014", "-i", other, "--confirm", "other")
	refused("KB6014", "-i", other, "--confirm", "other", "--host", "w1")
	refused("KB6014", "-i", workers, "--confirm", "other")
	l.exec("w1", "mv", "/var/lib/kbootstrap/cluster", "/root/cluster") // as an older version left it
	refused("KB6014", "-i", workers, "--confirm", "other")
	l.exec("w1", "mv", "/root/cluster", "/var/lib/kbootstrap/cluster")

	pki := filepath.Join(l.dir, ".kbootstrap", "owner", "pki")
	ca, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	another, err := os.ReadFile(filepath.Join(pki, "etcd", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(pki, "ca.crt"), another, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("KB6027", "-i", l.inventory, "--confirm", "owner")
	if err := os.WriteFile(filepath.Join(pki, "ca.crt"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	l.ready(2, time.Minute)
	l.upAgain()
}

func resetShown(t *testing.T, l *lab) {
	l.exec("w1", "docker", "volume", "create", "later")
	shown := func(arguments ...string) string {
		return l.must(2*time.Minute, append([]string{"reset", "-i", l.inventory, "--dry-run"}, arguments...)...)
	}
	out := shown()
	for _, want := range []string{
		"stops docker.service", "removes /opt/kbootstrap (", "MB)", "was there before)", "stays: /var/lib/kubelet/mine",
		"puts back ", "file /etc/docker/daemon.json", "their authorities are those of the state directory",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if all := shown("--delete-data"); strings.Contains(all, "stays:") {
		t.Errorf("with --delete-data something stays:\n%s", all)
	}
	state := filepath.Join(l.dir, ".kbootstrap", "owner") // a lost state directory does not keep hosts from a reset
	if err := os.Rename(state, state+".lost"); err != nil {
		t.Fatal(err)
	}
	if out := shown(); !strings.Contains(out, "there is no state directory, but they name this cluster") {
		t.Errorf("it does not say by what the hosts are ours:\n%s", out)
	}
	if err := os.Rename(state+".lost", state); err != nil {
		t.Fatal(err)
	}
	l.ready(2, time.Minute)
}

func resetKilled(t *testing.T, l *lab) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, l.program, "reset", "-i", l.inventory, "--confirm", "owner")
	said, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	seen, text := make([]byte, 4096), ""
	for !strings.Contains(text, "w1: remove") {
		n, err := said.Read(seen)
		if text += string(seen[:n]); err != nil {
			t.Fatalf("reset ended before it could be killed: %v\n%s", err, text)
		}
	}
	_ = command.Process.Kill()
	_ = command.Wait() // it was killed, and says so

	other := variant(t, l, "other.yaml", "cluster: owner", "cluster: other")
	r := l.run(2*time.Minute, "reset", "-i", other, "--confirm", "other", "--lock-timeout", "1m")
	if r.code != 9 || !strings.Contains(r.stderr, "KB6014") {
		t.Errorf("half a cluster can be reset as another: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "owner", "--lock-timeout", "1m")
	asBefore(t, l)
	for _, path := range []string{"/opt/kbootstrap/agent", "/etc/kubernetes/pki", "/var/lib/cni", "/etc/kube-flannel"} {
		if r := l.runLab(time.Minute, "exec", "w1", "--", "test", "-e", path); r.code == 0 {
			t.Errorf("%s is left", path)
		}
	}
	again := l.must(time.Minute, "reset", "-i", l.inventory, "--confirm", "owner")
	if !strings.Contains(again, "nothing to do") {
		t.Errorf("a second reset has something to do:\n%s", again)
	}
	asBefore(t, l)
}

func dataDeleted(t *testing.T, l *lab) {
	l.up()
	// Programs for a docker of the owner's, for the next test.
	l.exec("w1", "sh", "-c", "cd /usr/local/bin && cp -L dockerd docker docker-proxy docker-init containerd "+
		"containerd-shim-runc-v2 runc /usr/bin")
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "owner", "--delete-data")
	for path, gone := range map[string]bool{
		"/var/lib/docker/volumes": true, "/var/lib/kubelet/mine": true, "/var/lib/containerd/io.containerd.mine": true,
		"/etc/docker/daemon.json": false, "/etc/kubernetes/x": false, "/etc/containerd/config.toml": false,
		"/var/lib/etcd/member/snap/db": false, // w1 was no member, so its directory was never ours
	} {
		if r := l.runLab(time.Minute, "exec", "w1", "--", "test", "-e", path); (r.code != 0) != gone {
			t.Errorf("%s: gone is %v, want %v", path, r.code != 0, gone)
		}
	}
}

func dockerRunsAgain(t *testing.T, l *lab) {
	l.exec("w1", "rm", "-rf", "/etc/docker", "/etc/containerd/config.toml")
	l.input(strings.NewReader("[Service]\nType=notify\nExecStart=/usr/bin/dockerd -H unix:///run/docker.sock\n"+
		"[Install]\nWantedBy=multi-user.target\n"), "w1", "tee", "/usr/lib/systemd/system/docker.service")
	l.exec("w1", "systemctl", "daemon-reload")
	l.exec("w1", "systemctl", "enable", "--now", "docker")
	l.exec("w1", "docker", "volume", "create", "theirs")
	l.up()
	l.upAgain()
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "owner")
	unit := l.exec("w1", "systemctl", "show", "-p", "FragmentPath,ActiveState,UnitFileState", "docker")
	volumes := l.exec("w1", "/usr/bin/docker", "volume", "ls", "-q")
	if !strings.Contains(unit, "/lib/systemd/system/docker.service") || !strings.Contains(unit, "ActiveState=active") ||
		!strings.Contains(unit, "UnitFileState=enabled") || !strings.Contains(volumes, "theirs") {
		t.Errorf("docker is not as its owner had it:\n%s\n%s", unit, volumes)
	}
}
