//go:build e2e

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// These tests need root and the programs that checkMachine names; the first run builds the base.

func boot(t *testing.T, spec Spec) *Lab {
	t.Helper()
	spec.Kubernetes = "v1.36.3"
	spec.Progress = func(step string) { t.Log(step) }
	l, err := Up(t.Context(), spec)
	if err != nil {
		var h hintedError
		errors.As(err, &h)
		t.Fatalf("up: %v\n%s", err, h.hint)
	}
	t.Cleanup(func() {
		if err := Down(context.Background(), spec.Dir); err != nil {
			t.Error(err)
		}
	})
	return l
}

// in runs a command in the host and returns what it wrote.
func in(t *testing.T, l *Lab, host string, argv ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := l.Exec(t.Context(), host, argv, nil, &out, &out)
	return strings.TrimSpace(out.String()), err
}

func want(t *testing.T, l *Lab, host, want string, argv ...string) {
	t.Helper()
	if got, err := in(t, l, host, argv...); err != nil || got != want {
		t.Errorf("%s: %v: %q, %v; want %q", host, argv, got, err, want)
	}
}

// wantRunning waits until systemd has no job left, and names the units that failed.
func wantRunning(t *testing.T, l *Lab, host string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll(ctx, func() error {
		out, err := in(t, l, host, "systemctl", "is-system-running", "--wait")
		if err != nil {
			failed, _ := in(t, l, host, "systemctl", "--failed", "--no-legend", "--plain")
			return fmt.Errorf("%s, %w; failed units: %q", out, err, failed)
		}
		return nil
	}); err != nil {
		t.Errorf("%s: is-system-running: %v", host, err)
	}
}

func ready(t *testing.T, l *Lab) []Host {
	t.Helper()
	hosts, err := l.Hosts()
	if err != nil {
		t.Fatal(err)
	}
	return hosts
}

// runSSH logs in as the user would: with the lab's key and its known_hosts.
func runSSH(t *testing.T, l *Lab, h Host, command string) string {
	t.Helper()
	key, err := loginKey(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	known, err := knownhosts.New(filepath.Join(l.Dir(), knownHostsFile))
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.SSHPort), &ssh.ClientConfig{
		User: "vagrant", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: known,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatalf("%s: %v", h.Name, err)
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.CombinedOutput(command)
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", h.Name, command, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestHostsAreShapedLikeVagrants(t *testing.T) {
	l := boot(t, Spec{Dir: filepath.Join(t.TempDir(), "lab"), ControlPlanes: 1, Workers: 1})
	hosts := ready(t, l)
	for _, h := range hosts {
		if !h.Running {
			t.Errorf("%s is not running", h.Name)
		}
		wantRunning(t, l, h.Name)
		want(t, l, h.Name, h.Name, "hostname")
		want(t, l, h.Name, "running", "firewall-cmd", "--state")
		if rules, err := in(t, l, h.Name, "nft", "list", "ruleset"); err != nil ||
			!strings.Contains(rules, "table inet firewalld") {
			t.Errorf("%s: firewalld has no rules in the kernel: %v", h.Name, err)
		}
		for dev, address := range map[string]string{"eth0": "10.0.2.15/24", "eth1": h.Address.String() + "/24"} {
			if out, err := in(t, l, h.Name, "ip", "-4", "-oneline", "address", "show", "dev", dev); err != nil ||
				!strings.Contains(out, "inet "+address+" ") {
				t.Errorf("%s: %s: %q, %v; want %s", h.Name, dev, out, err, address)
			}
		}
		want(t, l, h.Name, "default via 10.0.2.2 dev eth0", "ip", "route", "show", "default")
		for _, other := range hosts {
			if out, err := in(t, l, h.Name, "ping", "-c1", "-W5", "-I", "eth1", other.Address.String()); err != nil {
				t.Errorf("%s: ping %s: %v\n%s", h.Name, other.Name, err, out)
			}
		}
		// Refused at once by the gateway, not dropped: curl's 7 is "could not connect", 28 would be
		// its deadline.
		var exit *exec.ExitError
		if _, err := in(t, l, h.Name, "curl", "--silent", "--max-time", "20", "http://203.0.113.1/"); !errors.As(err, &exit) ||
			exit.ExitCode() != 7 {
			t.Errorf("%s: curl to the outside: %v, want exit status 7", h.Name, err)
		}
		got := runSSH(t, l, h, "hostname; id --user; sudo --non-interactive id --user; echo $SSH_CONNECTION")
		if !strings.HasPrefix(got, h.Name+"\n1000\n0\n10.0.2.2 ") {
			t.Errorf("%s: over ssh: %q", h.Name, got)
		}
		if out, err := in(t, l, h.Name, "sh", "-ec", "echo 1 >/proc/sys/net/ipv4/ip_forward; "+
			"for d in /sys/fs/cgroup/*/; do mkdir $d/probe; rmdir $d/probe; done"); err != nil {
			t.Errorf("%s: kernel settings and cgroups are not writable: %v\n%s", h.Name, err, out)
		}
		want(t, l, h.Name, "shared", "findmnt", "--noheadings", "--output=PROPAGATION", "/")
	}
	for _, dir := range dataDirs() {
		if out, err := in(t, l, "cp1", "stat", "--file-system", "--format=%T", dir); err != nil || out == "overlayfs" {
			t.Errorf("%s is on %q, %v", dir, out, err)
		}
	}
	var exit *exec.ExitError
	if _, err := in(t, l, "w1", "sh", "-c", "exit 7"); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("exit code 7 came as %v", err)
	}
	ids := map[string]bool{}
	for _, h := range hosts {
		id, err := in(t, l, h.Name, "cat", "/etc/machine-id")
		if err != nil || ids[id] {
			t.Errorf("%s: machine-id %q is another's too: %v", h.Name, id, err)
		}
		ids[id] = true
	}
}

func TestPower(t *testing.T) {
	l := boot(t, Spec{Dir: filepath.Join(t.TempDir(), "lab"), ControlPlanes: 1, Workers: 1})
	ctx := t.Context()
	for _, off := range []struct {
		name string
		do   func(context.Context, string) error
	}{{"stop", l.Stop}, {"kill", l.Kill}} {
		for path, text := range map[string]string{"/etc/kept": "root disk", "/var/lib/etcd/kept": "data disk"} {
			if out, err := in(t, l, "w1", "sh", "-c", `echo "$1" >"$2" && sync "$2"`, "sh", text, path); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		if out, err := in(t, l, "w1", "ip", "link", "add", "extra0", "type", "veth"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := off.do(ctx, "w1"); err != nil {
			t.Fatalf("%s: %v", off.name, err)
		}
		if hosts := ready(t, l); hosts[1].Running || !hosts[0].Running {
			t.Errorf("after %s: %+v", off.name, hosts)
		}
		if _, err := in(t, l, "w1", "true"); err == nil {
			t.Errorf("after %s: a command ran", off.name)
		}
		if err := l.Start(ctx, "w1"); err != nil {
			t.Fatalf("start after %s: %v", off.name, err)
		}
		wantRunning(t, l, "w1")
		want(t, l, "w1", "root disk\ndata disk", "cat", "/etc/kept", "/var/lib/etcd/kept")
		if _, err := in(t, l, "w1", "ip", "link", "show", "extra0"); err == nil {
			t.Errorf("after %s: an interface outlived the host", off.name)
		}
	}
	if err := l.Kill(ctx, "w9"); err == nil {
		t.Error("killed a host that is not there")
	}
}

func TestUpTwiceAndAfterDeath(t *testing.T) {
	spec := Spec{Dir: filepath.Join(t.TempDir(), "lab"), ControlPlanes: 1, Workers: 1}
	l := boot(t, spec)
	before, err := readState(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	boot(t, spec)
	after, err := readState(l.Dir())
	if err != nil || after.Hosts[0].Nspawn != before.Hosts[0].Nspawn {
		t.Errorf("the second up booted again: %+v, %v", after.Hosts, err)
	}
	other := spec
	other.Workers, other.Kubernetes = 2, "v1.36.3"
	if _, err := Up(t.Context(), other); err == nil {
		t.Error("up made another shape of a running lab")
	}
	for _, h := range before.Hosts {
		if err := h.Nspawn.signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll(ctx, func() error {
		if slices.ContainsFunc(ready(t, l), func(h Host) bool { return h.Running }) || !mustDead(t, l) {
			return errors.New("still alive")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	boot(t, other)
	hosts := ready(t, l)
	if len(hosts) != 3 {
		t.Errorf("after death: %+v", hosts)
	}
	for _, h := range hosts {
		wantRunning(t, l, h.Name)
	}
}

func mustDead(t *testing.T, l *Lab) bool {
	t.Helper()
	s, err := readState(l.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return s.dead()
}

func TestAdd(t *testing.T) {
	l := boot(t, Spec{Dir: filepath.Join(t.TempDir(), "lab"), ControlPlanes: 1})
	before, err := os.ReadFile(l.Inventory())
	if err != nil {
		t.Fatal(err)
	}
	spare, err := l.Add(t.Context(), "", netip.Addr{}, true, "")
	if err != nil || spare.Name != "s1" {
		t.Fatalf("%+v, %v", spare, err)
	}
	worker, err := l.Add(t.Context(), "gpu", netip.Addr{}, false, "")
	if err != nil || worker.Address != netip.MustParseAddr("192.168.56.13") {
		t.Fatalf("%+v, %v", worker, err)
	}
	if _, err := l.Add(t.Context(), "gpu", netip.Addr{}, false, ""); err == nil {
		t.Error("added a host twice")
	}
	after, err := os.ReadFile(l.Inventory())
	if err != nil || string(after) != string(before)+worker.Snippet() {
		t.Errorf("hosts.yaml is %s, %v", after, err)
	}
	if got := runSSH(t, l, worker, "hostname"); got != "gpu" {
		t.Errorf("hostname %q", got)
	}
	if out, err := in(t, l, "cp1", "ping", "-c1", "-W5", worker.Address.String()); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	removed(t, l, worker, before)
}

// removed takes a host out of the lab, and its address is free again.
func removed(t *testing.T, l *Lab, h Host, inventory []byte) {
	t.Helper()
	if err := l.Remove(t.Context(), h.Name); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(l.Inventory()); err != nil || string(after) != string(inventory) {
		t.Errorf("hosts.yaml is %s, %v", after, err)
	}
	if _, err := os.Stat(filepath.Join(l.Dir(), hostsDir, h.Name)); err == nil {
		t.Errorf("the disk of %s is still there", h.Name)
	}
	again, err := l.Add(t.Context(), "other", h.Address, true, "")
	if err != nil || again.Address != h.Address {
		t.Errorf("%+v, %v", again, err)
	}
	if got := runSSH(t, l, again, "hostname"); got != "other" {
		t.Errorf("hostname %q", got)
	}
}

// Two labs share a machine without knowing of each other, and nothing stays of either.
func TestDownLeavesNothing(t *testing.T) {
	one := boot(t, Spec{Dir: filepath.Join(t.TempDir(), "lab"), Workers: 1})
	two := boot(t, Spec{Dir: filepath.Join(t.TempDir(), "lab"), Workers: 1, Spare: 1})
	port := ready(t, two)[0].SSHPort
	id := idOf(two.Dir())
	if got := traces(t, id, two.Dir()); len(got) == 0 {
		t.Fatal("no trace of a running lab is found, so the rest proves nothing")
	}
	if err := Down(t.Context(), two.Dir()); err != nil {
		t.Fatal(err)
	}
	if got := traces(t, id, two.Dir()); len(got) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(got, "\n"))
	}
	listener, err := listenLoopback(port)
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	listener.Close()
	want(t, one, "w1", "w1", "hostname")
	dialer := net.Dialer{Timeout: 10 * time.Second}
	address := fmt.Sprintf("127.0.0.1:%d", ready(t, one)[0].SSHPort)
	if conn, err := dialer.DialContext(t.Context(), "tcp", address); err != nil {
		t.Errorf("the other lab's port: %v", err)
	} else {
		conn.Close()
	}
	if err := Down(t.Context(), two.Dir()); err != nil {
		t.Errorf("down again: %v", err)
	}
	foreign := filepath.Join(t.TempDir(), inventoryFile)
	if err := os.WriteFile(foreign, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Down(t.Context(), filepath.Dir(foreign)); err != nil {
		t.Error(err)
	}
	if _, err := Up(t.Context(), Spec{Dir: filepath.Dir(foreign), Workers: 1, Kubernetes: "v1.36.3"}); err == nil {
		t.Error("up took a directory with another's hosts.yaml")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("another's file is gone: %v", err)
	}
}

// traces lists what there is of a lab on the machine.
func traces(t *testing.T, id, dir string) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{netnsPath("*" + id + "*"), "/run/systemd/nspawn/*/*" + id + "*", dir} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, paths...)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, dir) || strings.Contains(line, id) {
			found = append(found, line)
		}
	}
	err = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if path == "/sys/fs/cgroup" && err != nil {
			return err
		}
		// Below it, others' groups come and go while we look.
		if err == nil && d.IsDir() && strings.Contains(d.Name(), id) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range commands {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(id)) {
			found = append(found, fmt.Sprintf("%s: %q", path, text))
		}
	}
	return found
}

// A boot that fails says why and leaves nothing behind.
func TestFailedBootShowsConsole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	l := boot(t, Spec{Dir: dir, Workers: 1})
	if err := l.Kill(t.Context(), "w1"); err != nil {
		t.Fatal(err)
	}
	// Its root file system cannot be mounted any more.
	if err := os.RemoveAll(filepath.Join(dir, hostsDir, "w1", "work")); err != nil {
		t.Fatal(err)
	}
	err := l.Start(t.Context(), "w1")
	var h hintedError
	if !errors.As(err, &h) || !errors.Is(err, errGone) || !strings.Contains(h.hint, "mount") {
		t.Errorf("got %v, hint %q", err, h.hint)
	}
}
