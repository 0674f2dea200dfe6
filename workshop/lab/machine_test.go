package lab

import (
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHierarchies(t *testing.T) {
	for name, c := range map[string]struct {
		mounts, own string
		want        []hierarchy
	}{
		"hybrid": {
			"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" +
				"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
				"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
				"40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n" +
				"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
			"9:name=systemd:/s\n4:memory:/m/x\n1:cpu,cpuacct:/\n0::/\n",
			[]hierarchy{
				{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", false},
				{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/m/x", false},
				{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/systemd/s", false},
				{"/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified", true},
			},
		},
		"unified": {
			"26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/user.slice/a.scope\n",
			[]hierarchy{{"/sys/fs/cgroup", "/sys/fs/cgroup/user.slice/a.scope", true}},
		},
		"container": {
			"26 25 0:23 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "4:memory:/docker/1/x\n",
			[]hierarchy{{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/x", false}},
		},
	} {
		if diff := cmp.Diff(c.want, parseHierarchies(c.mounts, c.own), cmp.AllowUnexported(hierarchy{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestProcessStatus(t *testing.T) {
	for text, want := range map[string]status{
		"12 (a) b) S 1 2 3 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0":  {false, 4711},
		"12 (sh) Z 1 2 3 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0":    {true, 4711},
		"12 (sh) S 1 2 3 0 -1 68 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0":    {true, 4711},
		"12 (Z 1) R 1 2 3 0 -1 1024 0 0 0 0 0 0 0 0 20 0 1 0 4712 0 0": {false, 4712},
	} {
		if got, err := parseStat([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	if _, err := parseStat([]byte("12 (sh) S 1")); err == nil {
		t.Error("half a line passed")
	}
}

func TestAlive(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := identify(cmd.Process.Pid)
	if err != nil || !p.alive() {
		t.Errorf("%+v is not alive: %v", p, err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if p.alive() || (process{}).alive() {
		t.Error("the dead are alive")
	}
	if err := p.signal(9); err != nil {
		t.Error(err)
	}
	if (process{PID: os.Getpid()}).alive() {
		t.Error("another process with the PID is taken for this one")
	}
}

func TestCanLowerOOM(t *testing.T) {
	for status, want := range map[string]bool{
		"CapPrm:\t0\nCapEff:\t000001ffffffffff\n": true,
		"CapEff:\t000001fffeffffff\n":             false,
		"CapEff:\t0000000001000000\n":             true,
		"CapBnd:\t000001ffffffffff\n":             false,
	} {
		if canLowerOOM(status) != want {
			t.Errorf("%q: %t", status, !want)
		}
	}
}
