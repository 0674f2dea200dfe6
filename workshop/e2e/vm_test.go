//go:build e2e && vm

package e2e

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	cutSeed = flag.Uint64("cut-seed", 0, "what the moments of the power cuts depend on; 0 takes the time")
	cuts    = flag.Int("cuts", 5, "how many runs lose their machine's power")
)

// vmComponents is what Debian's kernel can run of a cluster. It lacks NF_TABLES_IPV4, so docker
// does not start and there are no rules of kube-proxy, without which no pod reaches the API: no
// cluster DNS, no add-ons.
const vmComponents = "base,firewall,etcd-peers,etcd,kube-apiserver,kube-api-proxy,kube-controller-manager," +
	"kube-scheduler,access,host-access,default-accounts,containerd,kubelet,flannel,images,tools,nodes"

// TestVM makes a cluster on a machine with a kernel, a disk and a boot of its own, and takes its
// power away in the middle of that, again and again.
func TestVM(t *testing.T) {
	m := newMachine(t, "vm")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, m *machine)
	}{
		{"preflight", vmPreflight},
		{"up", vmUp},
		{"reboot", vmReboot},
		{"power cuts", vmPowerCuts},
	} {
		if !t.Run(step.name, func(t *testing.T) { m.t = t; step.do(t, m) }) {
			break
		}
	}
	m.t = t
}

// machine is a lab of virtual machines, most often of one, cp1.
type machine struct {
	*lab
	flags        []string      // of `up`
	bare, golden files         // of the disk before `up`, and after one that was not broken
	took         time.Duration // that one
}

// newMachine boots a virtual machine. Its disk is in memory, where its syncs do not wait for all
// else that this machine writes.
func newMachine(t *testing.T, name string, arguments ...string) *machine {
	t.Helper()
	m := &machine{lab: newLabIn(t, "/dev/shm/kbootstrap-e2e-"+name, name, slices.Concat(
		[]string{"--vm", "--control-planes", "1", "--workers", "0"}, arguments)...)}
	m.slow, m.patience, m.flags = 5, m.worksOn, packagedFlags()
	m.edit("\nhosts:", "\naddons: {metrics: {enabled: false}, storage: {enabled: false}}\nhosts:")
	return m
}

// vmArguments is `up` as far as the machine's kernel goes.
func (m *machine) vmArguments(more ...string) []string {
	return slices.Concat([]string{"up", "-i", m.inventory}, m.flags, more)
}

// packagedFlags are those of `up` on Debian's kernel, which has one processor.
func packagedFlags() []string {
	return []string{"--ignore-preflight", "NumCPU", "--only", vmComponents}
}

// vmPreflight looks at a host with cgroup v2: nothing but the number of its processors is wrong.
func vmPreflight(t *testing.T, m *machine) {
	if got := strings.TrimSpace(m.exec("cp1", "stat", "-fc", "%T", "/sys/fs/cgroup")); got != "cgroup2fs" {
		t.Errorf("/sys/fs/cgroup is %s", got)
	}
	r := m.run(2*time.Minute, "preflight", "-i", m.inventory)
	t.Logf("preflight: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	if r.code == 0 || !strings.Contains(r.stdout+r.stderr, "NumCPU") {
		t.Errorf("preflight takes a host with one processor: exit %d", r.code)
	}
	m.must(2*time.Minute, "preflight", "-i", m.inventory, "--ignore-preflight", "NumCPU")
	m.keepDisk()
	m.bare = m.files()
}

// vmUp makes the cluster that all others are compared with. The power goes as soon as the run has
// ended, before the kernel writes by itself what it still has in memory: what the run has called
// done has to be on the disk.
func vmUp(t *testing.T, m *machine) {
	_, m.took = m.cut(atTheEnd)
	t.Logf("up took %.1f s", m.took.Seconds())
	m.mustLab(3*time.Minute, "start", "cp1")
	m.golden = m.files()
	// What the run was about to remove, the next one does.
	maps.DeleteFunc(m.golden, func(path, _ string) bool { return temporary.MatchString(path) })
	if images := m.golden.ofImages(); len(images) == 0 {
		t.Error("no image was unpacked")
	}
	for path, sum := range m.golden {
		if sum == emptySum && m.bare[path] != sum {
			t.Errorf("the power cut has left an empty file: %s", path)
		}
	}
	m.works()
	m.upAgain()
	if different := m.files().differ(m.golden); different != "" {
		t.Errorf("what a run has called done did not outlive a power cut:\n%s", different)
	}
	if got := m.exec("cp1", "cat", "/var/lib/kubelet/config.yaml"); !strings.Contains(got, "cgroupDriver: systemd") {
		t.Errorf("the kubelet's driver is not systemd on cgroup v2:\n%s", got)
	}
	t.Logf("cgroups:\n%s", m.exec("cp1", "systemd-cgls", "--no-pager", "-l", "/"))
}

// vmReboot has the machine start again, as its owner would.
func vmReboot(t *testing.T, m *machine) {
	t.Logf("the machine was back after %.1f s", m.reboots().Seconds())
	m.works()
	m.upAgain()
	if different := m.files().differ(m.golden); different != "" {
		t.Errorf("the reboot changed files:\n%s", different)
	}
}

// reboots has the machine start again, and returns after what time it was back.
func (m *machine) reboots() time.Duration {
	m.t.Helper()
	bootID := []string{"cat", "/proc/sys/kernel/random/boot_id"}
	before, begin := strings.TrimSpace(m.exec("cp1", bootID...)), time.Now()
	// The reboot may be quicker than the answer.
	m.runLab(time.Minute, "exec", "cp1", "--", "systemctl", "reboot", "--no-block")
	m.eventually(3*time.Minute, "a boot of its own", func(r result) bool {
		return r.code == 0 && strings.TrimSpace(r.stdout) != before
	}, "cp1", bootID...)
	return time.Since(begin)
}

// vmPowerCuts breaks runs on a bare disk at random moments. What the run has on the disk is old or
// new, the next run finishes, and its host is as one whose run was not broken.
func vmPowerCuts(t *testing.T, m *machine) {
	if *cutSeed == 0 {
		*cutSeed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -cut-seed %d", *cutSeed)
	random := rand.New(rand.NewPCG(*cutSeed, 0))
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CUT\tAT\tDOING\tOLD\tNEW\tMISSING\tTEMPORARY\tPROGRAMS NOT WHOLE\tTORN\tNEXT RUN\tFILES\tTHIRD")
	for i := range *cuts {
		m.restoreDisk()
		doing, at := m.cut(time.Duration(random.Float64() * float64(m.took)))
		m.mustLab(3*time.Minute, "start", "cp1")
		found := m.files().compare(m.bare, m.golden)
		r := m.comesUp()
		m.t.Logf("cut %d after %.1f s, %s: %s; next run: exit %d after %.1f s", i+1, at.Seconds(), doing, found, r.code,
			r.took.Seconds())
		fmt.Fprintf(w, "%d\t%.1f s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t", i+1, at.Seconds(), doing, found.old, found.new,
			found.missing, len(found.temporary), len(found.programs), len(found.torn))
		if len(found.torn) > 0 {
			t.Errorf("cut %d: neither old nor new:\n%s", i+1, strings.Join(found.torn, "\n"))
		}
		if r.code != 0 {
			fmt.Fprintf(w, "exit %d\n", r.code)
			_ = w.Flush()
			m.fatalf("cut %d: the next run does not end\n%s%s\n%s", i+1, r.stdout, r.stderr, &table)
		}
		m.works()
		same := "as without a cut"
		if different := m.files().differ(m.golden); different != "" {
			same = "different"
			t.Errorf("cut %d: the host is not as one that was never broken:\n%s", i+1, different)
		}
		m.upAgain()
		fmt.Fprintf(w, "ended after %.1f s\t%s\tno change\n", r.took.Seconds(), same)
	}
	_ = w.Flush()
	t.Logf("\n%s", &table)
}

// atTheEnd is when no run lasts any longer.
const atTheEnd = time.Hour

// cut begins a run, takes the machine's power away at that time or when the run has ended, ends the
// tool, and returns what the run was at, and when that was.
func (m *machine) cut(at time.Duration) (string, time.Duration) {
	m.t.Helper()
	begin := time.Now()
	for {
		doing, isOver := m.runUntil(begin.Add(at))
		if isOver {
			return doing, time.Since(begin)
		}
	}
}

// runUntil runs `up` until that time, and takes the machine's power away then or when the run has
// ended. It does not when the run has given up a wait, and the next one has to go on.
func (m *machine) runUntil(end time.Time) (doing string, isOver bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), atTheEnd)
	defer cancel()
	log := filepath.Join(m.dir, "cut.log")
	out, err := os.Create(log)
	if err != nil {
		m.fatalf("%v", err)
	}
	defer out.Close()
	command := exec.CommandContext(ctx, m.program, m.vmArguments("-v")...)
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		m.fatalf("%v", err)
	}
	ended := make(chan struct{})
	go func() {
		err = command.Wait()
		close(ended)
	}()
	select {
	case <-time.After(time.Until(end)):
		m.mustLab(time.Minute, "kill", "cp1")
		_ = command.Process.Kill()
		<-ended
		err = nil // of a tool that was killed, or has lost its host
	case <-ended:
		if err == nil {
			m.mustLab(time.Minute, "kill", "cp1")
		}
	}
	text, readErr := os.ReadFile(log)
	if readErr != nil {
		m.fatalf("%v", readErr)
	}
	m.t.Logf("the run that was cut:\n%s", text)
	if err != nil && !gaveUp(string(text)) {
		m.fatalf("the run ends by itself before its power goes: %v", err)
	}
	return lastWords(string(text)), err == nil
}

// lastWords is the last line of a run's output, short enough for a table.
func lastWords(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := strings.Join(strings.Fields(lines[len(lines)-1]), " ")
	if runes := []rune(last); len(runes) > 50 {
		last = string(runes[:50]) + "…"
	}
	return last
}

// works waits until etcd is healthy and all nodes are Ready, which is the end that this kernel
// allows.
func (m *machine) works() {
	m.t.Helper()
	m.ready(len(m.hosts()), 3*time.Minute)
	m.eventually(time.Minute, "etcd is healthy", contains("is healthy"), "cp1", "sh", "-c",
		"cd /etc/etcd/pki && etcdctl --endpoints https://127.0.0.1:2379 --cacert ca.crt --cert healthcheck-client.crt "+
			"--key healthcheck-client.key endpoint health 2>&1")
	for _, unit := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd",
		"kubelet", "flanneld"} {
		m.eventually(time.Minute, unit+" runs", contains("active"), "cp1", "systemctl", "is-active", unit)
	}
}

// keepDisk copies the disk of the machine, which is off meanwhile; restoreDisk puts the copy in its
// place.
func (m *machine) keepDisk() {
	m.t.Helper()
	m.mustLab(3*time.Minute, "stop", "cp1")
	m.copyDisk("disk.img", "disk.bare")
	m.mustLab(3*time.Minute, "start", "cp1")
}

func (m *machine) restoreDisk() {
	m.t.Helper()
	m.mustLab(time.Minute, "kill", "cp1")
	m.copyDisk("disk.bare", "disk.img")
	m.mustLab(3*time.Minute, "start", "cp1")
}

func (m *machine) copyDisk(from, to string) {
	m.t.Helper()
	dir := filepath.Join(m.dir, "hosts", "cp1")
	r := m.runs(3*time.Minute, "cp", "--sparse=always", filepath.Join(dir, from), filepath.Join(dir, to))
	if r.code != 0 {
		m.fatalf("copy the disk: %s", r.stderr)
	}
}
