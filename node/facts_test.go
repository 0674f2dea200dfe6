package node

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kbootstrap/host"
)

// The facts of the machine that runs the test, against what its own programs say.
func TestFactsOfThisMachine(t *testing.T) {
	p := start(t, "/")
	facts, err := p.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said := func(argv ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if want := said("uname", "-r"); facts.Kernel != want {
		t.Errorf("kernel %q, want %q", facts.Kernel, want)
	}
	if want := "glibc " + facts.Glibc; said("getconf", "GNU_LIBC_VERSION") != want {
		t.Errorf("got %q, want %q", want, said("getconf", "GNU_LIBC_VERSION"))
	}
	if want := "cgroup2fs"; (said("stat", "-fc", "%T", "/sys/fs/cgroup") == want) != (facts.Cgroup == 2) {
		t.Errorf("cgroup version %d", facts.Cgroup)
	}
	if want, _ := os.ReadFile("/proc/sys/kernel/random/boot_id"); facts.BootID != strings.TrimSpace(string(want)) {
		t.Errorf("boot id %q, want %q", facts.BootID, want)
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		t.Fatal(err)
	}
	if want := int64(info.Totalram) * int64(info.Unit); facts.MemoryBytes != want {
		t.Errorf("memory %d bytes, want %d", facts.MemoryBytes, want)
	}
	if facts.Swap != (info.Totalswap > 0) {
		t.Errorf("swap %t, want %d bytes of it", facts.Swap, info.Totalswap)
	}
	if facts.Arch != runtime.GOARCH || facts.CPUs != runtime.NumCPU() {
		t.Errorf("%d CPUs %s", facts.CPUs, facts.Arch)
	}
	if since := time.Since(facts.Time); since < 0 || since > time.Hour {
		t.Errorf("its clock is at %s", facts.Time)
	}
	for name, path := range facts.Programs {
		if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 || filepath.Base(path) != name {
			t.Errorf("program %s at %s: %v", name, path, err)
		}
	}
	if facts.Programs["mount"] == "" {
		t.Errorf("programs %v, want mount among them", facts.Programs)
	}
	for _, path := range []string{"/", "/opt", "/var/lib"} {
		if facts.DiskFree[path] <= 0 {
			t.Errorf("disk free %v, want a number for %s", facts.DiskFree, path)
		}
	}
	loopback := false
	for _, i := range facts.Interfaces {
		for _, a := range i.Addresses {
			loopback = loopback || i.Name == "lo" && a.String() == "127.0.0.1/8" && i.MTU > 0
		}
	}
	if !loopback {
		t.Errorf("interfaces %+v, want lo with 127.0.0.1/8", facts.Interfaces)
	}
}

func BenchmarkFacts(b *testing.B) {
	for b.Loop() {
		if host.NewSystem("/", host.Run, nil, nil).Facts(b.Context()).CPUs != runtime.NumCPU() {
			b.Fatal(strconv.Itoa(runtime.NumCPU()) + " CPUs expected")
		}
	}
}
