//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestVagrant is the day of a user of Vagrant: machines by `vagrant up`, an inventory by
// `init --from vagrant`, a cluster, one more worker, a reload, and all of it gone. The provider is
// that of the example, whose machines are hosts of the lab.
func TestVagrant(t *testing.T) {
	v := newVagrant(t)
	for _, step := range []struct {
		name string
		do   func(t *testing.T, v *vagrant)
	}{
		{"vagrant up", machinesUp},
		{"init --from vagrant", initFromVagrant},
		{"init --from ssh, init --from ansible", func(t *testing.T, v *vagrant) {
			initFromSSH(t, v)
			initFromAnsible(t, v)
		}},
		{"up, status, up", vagrantCluster},
		{"add-node", vagrantAddNode},
		{"vagrant reload", vagrantReload},
		{"vagrant destroy", machinesDestroyed},
	} {
		if !t.Run(step.name, func(t *testing.T) { v.t = t; step.do(t, v) }) {
			break
		}
	}
	v.t = t
}

// vagrant is a directory with the Vagrantfile of the example. The lab is the one that its provider
// makes.
type vagrant struct {
	*lab
	work string // where the user is
	home string
	env  []string
}

// newVagrant writes the directory, and takes the machines away at the end of the test.
func newVagrant(t *testing.T) *vagrant {
	t.Helper()
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(cache, "kbootstrap", "e2e", "vagrant")
	v := &vagrant{
		lab: &lab{
			t: t, program: filepath.Join(bin, "kbootstrap"), kblab: filepath.Join(bin, "kblab"),
			dir: filepath.Join(work, ".vagrant", "lab"), inventory: filepath.Join(work, "hosts.yaml"),
		},
		work: work, home: t.TempDir(),
	}
	v.env = append(os.Environ(), "KBLAB="+v.kblab, "KB_WORKERS=1", "VAGRANT_DEFAULT_PROVIDER=kblab",
		"VAGRANT_CHECKPOINT_DISABLE=1", "VAGRANT_HOME="+filepath.Join(v.home, "vagrant"),
		"HOME="+v.home, "XDG_CACHE_HOME="+cache) // what is built once is found, and no key of the machine's user is
	v.mustLab(time.Minute, "down") // what an earlier, killed test left
	if err := os.RemoveAll(work); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Vagrantfile", "lab_provider.rb"} {
		text, err := os.ReadFile(filepath.Join("../../examples/vagrant", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(work, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			v.report()
		}
		v.mustLab(time.Minute, "down")
	})
	return v
}

// types runs a command as its user types it, and returns how it ended.
func (v *vagrant) types(limit time.Duration, program string, arguments ...string) result {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, program, arguments...)
	c.Dir, c.Env, c.Stdout, c.Stderr = v.work, v.env, &stdout, &stderr
	begin := time.Now()
	err := c.Run()
	if c.ProcessState == nil || ctx.Err() != nil {
		v.fatalf("%s %s: %v (%v)\n%s%s", program, strings.Join(arguments, " "), err, ctx.Err(), &stdout, &stderr)
	}
	r := result{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(begin)}
	v.t.Logf("%s %s: exit %d after %.1f s", filepath.Base(program), strings.Join(arguments, " "), r.code,
		r.took.Seconds())
	return r
}

// succeeds is types for a command that must exit with 0.
func (v *vagrant) succeeds(limit time.Duration, program string, arguments ...string) string {
	v.t.Helper()
	r := v.types(limit, program, arguments...)
	if r.code != 0 {
		v.fatalf("%s %s: exit %d\n%s%s", program, strings.Join(arguments, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

func machinesUp(t *testing.T, v *vagrant) {
	v.succeeds(8*time.Minute, "vagrant", "up")
	says(t, v.succeeds(time.Minute, "vagrant", "ssh-config"), "Host cp1", "Host w1", "HostName 127.0.0.1")
	if out := v.succeeds(time.Minute, "vagrant", "ssh", "w1", "-c", "hostname"); !strings.Contains(out, "w1") {
		t.Errorf("vagrant ssh w1 -c hostname: %q", out)
	}
}

// initFromVagrant: there is no terminal to ask at, so without --host-key no key is trusted.
func initFromVagrant(t *testing.T, v *vagrant) {
	if r := v.types(time.Minute, v.program, "init", "--from", "vagrant"); r.code != 4 {
		t.Errorf("init trusts hosts that are not known: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	v.succeeds(2*time.Minute, v.program, "init", "--from", "vagrant", "--host-key", "accept-new")
	text, err := os.ReadFile(v.inventory)
	if err != nil {
		t.Fatal(err)
	}
	says(t, string(text),
		"- name: cp1\n", "address: 192.168.56.11 # eth1, in 192.168.56.0/24\n", "roles: [etcd, control-plane]\n",
		"- name: w1\n", "address: 192.168.56.21 # eth1, in 192.168.56.0/24\n", "roles: [worker]\n",
		"  key: .vagrant/lab/id_ed25519\n", "  hostKeyPolicy: accept-new # ")
	if r := v.types(time.Minute, v.program, "init", "--from", "vagrant"); r.code != 2 {
		t.Errorf("a second init: exit %d, want 2\n%s", r.code, r.stderr)
	}
	v.succeeds(time.Minute, v.program, "validate")
}

// initFromSSH names the same machines as a user without Vagrant does.
func initFromSSH(t *testing.T, v *vagrant) {
	arguments := []string{"init", "--from", "ssh", "--key", ".vagrant/lab/id_ed25519", "--host-key", "accept-new",
		"-o", "-"}
	for _, h := range v.all() {
		arguments = append(arguments, "vagrant@127.0.0.1:"+strconv.Itoa(h.SSHPort))
	}
	says(t, v.succeeds(time.Minute, v.program, arguments...), "- name: cp1\n", "address: 192.168.56.11 # eth1",
		"- name: w1\n", "address: 192.168.56.21 # eth1", "  user: vagrant\n")
}

// initFromAnsible has the machines in an inventory of kubespray.
func initFromAnsible(t *testing.T, v *vagrant) {
	ini := "[all:vars]\nansible_host=127.0.0.1\nansible_user=vagrant\n" +
		"ansible_ssh_private_key_file=.vagrant/lab/id_ed25519\n\n[all]\n"
	for _, h := range v.all() {
		ini += h.Name + " ansible_port=" + strconv.Itoa(h.SSHPort) + "\n"
	}
	ini += "\n[kube_control_plane]\ncp1\n\n[etcd]\ncp1\n\n[kube_node]\nw1\ncp1\n\n" +
		"[k8s_cluster:children]\nkube_control_plane\nkube_node\n"
	if err := os.WriteFile(filepath.Join(v.work, "inventory.ini"), []byte(ini), 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, v.succeeds(time.Minute, v.program, "init", "--from", "ansible", "inventory.ini", "-o", "-"),
		"- name: cp1\n", "address: 192.168.56.11 # eth1", "roles: [etcd, control-plane, worker]\n",
		"- name: w1\n", "address: 192.168.56.21 # eth1", "roles: [worker]\n")
}

// vagrantCluster makes the cluster. Where the programs come from and what the lab's hosts cannot do
// are the lab's own business: it has that in an inventory of its own.
func vagrantCluster(t *testing.T, v *vagrant) {
	own, err := os.ReadFile(filepath.Join(v.dir, "hosts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, settings, _ := strings.Cut(string(own), "artifacts:")
	settings, _, _ = strings.Cut(settings, "ssh:")
	v.edit("\nhosts:\n", "\nartifacts:"+settings+"\nhosts:\n")
	v.succeeds(5*time.Minute, v.program, "up")
	v.ready(2, time.Minute)
	v.heals()
	v.upAgain()
}

// vagrantAddNode takes the entry of the new machine from an inventory of it alone.
func vagrantAddNode(t *testing.T, v *vagrant) {
	v.env = append(v.env, "KB_WORKERS=2")
	v.succeeds(3*time.Minute, "vagrant", "up", "w2")
	out := v.succeeds(time.Minute, v.program, "init", "--from", "vagrant", "w2", "--host-key", "accept-new", "-o", "-")
	_, entry, found := strings.Cut(out, "\nhosts:\n")
	if !found || !strings.Contains(entry, "address: 192.168.56.22 # eth1") {
		t.Fatalf("init --from vagrant w2 printed\n%s", out)
	}
	entry = strings.Replace(entry, "[etcd, control-plane, worker]", "[worker]", 1)
	text, err := os.ReadFile(v.inventory)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.inventory, append(text, entry...), 0o644); err != nil {
		t.Fatal(err)
	}
	v.succeeds(3*time.Minute, v.program, "add-node", "w2")
	v.ready(3, time.Minute)
}

func vagrantReload(_ *testing.T, v *vagrant) {
	v.succeeds(3*time.Minute, "vagrant", "reload", "w1")
	v.ready(3, 3*time.Minute)
	v.heals()
}

func machinesDestroyed(t *testing.T, v *vagrant) {
	v.succeeds(2*time.Minute, "vagrant", "destroy", "-f")
	if _, err := os.Stat(filepath.Join(v.dir, "lab.json")); err == nil {
		t.Errorf("the lab is still there: %s", v.mustLab(time.Minute, "ls"))
	}
}
