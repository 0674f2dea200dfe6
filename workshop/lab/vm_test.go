package lab

import (
	"slices"
	"strings"
	"testing"
)

// TestVMFiles: a virtual machine's disk is mounted and checked as an installer sets it up, and
// nothing of containers is on it.
func TestVMFiles(t *testing.T) {
	files := append(diskFiles(hostState{Host: Host{Name: "cp1"}}, nil, ""), vmFiles()...)
	var paths []string
	for _, f := range files {
		if slices.Contains(paths, f.path) {
			t.Errorf("%s is written twice", f.path)
		}
		paths = append(paths, f.path)
		if f.path == "/etc/fstab" && !strings.HasPrefix(f.text, "/dev/ubda / ext4 errors=remount-ro 0 1\n") {
			t.Errorf("fstab: %q", f.text)
		}
	}
	for _, want := range []string{"/etc/fstab", "/usr/local/sbin/vm-boot", "/etc/systemd/system/getty@.service"} {
		if !slices.Contains(paths, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, f := range containerFiles(true) {
		if f.path != "/etc/fstab" && slices.Contains(paths, f.path) {
			t.Errorf("%s is for containers", f.path)
		}
	}
}

// TestVMState: the path of a kernel becomes a word of a command that root runs.
func TestVMState(t *testing.T) {
	s := state{ID: idOf("/lab"), Spec: Spec{Dir: "/lab", VM: true}, Kernel: "kernel"}
	if err := s.check(); err == nil || !strings.Contains(err.Error(), `kernel "kernel" is not an absolute path`) {
		t.Errorf("a relative kernel: %v", err)
	}
	if a := (Spec{VM: true}); a.sameShape(Spec{}) {
		t.Error("a lab of virtual machines passes for one of containers")
	}
}
