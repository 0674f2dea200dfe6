package lab

import (
	"regexp"
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
	machines := Spec{VM: true}
	if machines.sameShape(Spec{}) {
		t.Error("a lab of virtual machines passes for one of containers")
	}
	if machines.sameShape(Spec{VM: true, Kernel: OwnKernel}) ||
		!machines.sameShape(Spec{VM: true, Kernel: PackagedKernel}) {
		t.Error("labs are not told apart by their kernels")
	}
}

// TestKernelRecipes: what a kernel is made of is in the name of its directory.
func TestKernelRecipes(t *testing.T) {
	dirs := map[string]bool{}
	for _, kernel := range Kernels() {
		dirs[recipeOf(kernel).dir()] = true
	}
	changed := ownKernel()
	changed.text = strings.Replace(changed.text, " PSI ", " -PSI ", 1)
	dirs[changed.dir()] = true
	if len(dirs) != 3 {
		t.Errorf("two kernels share a directory: %v", dirs)
	}
}

// TestKernelOptions: every word of the list is an option, and none is there twice.
func TestKernelOptions(t *testing.T) {
	option := regexp.MustCompile(`^-?[A-Z][A-Z0-9_]*$|^[A-Z][A-Z0-9_]*=("[^" ]*"|\d+)$`)
	var all []string
	for line := range strings.Lines(kernelOptions) {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.Fields(line) {
			if !option.MatchString(word) {
				t.Errorf("%q is no option", word)
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(word, "-"), "=")
			if slices.Contains(all, name) {
				t.Errorf("%s is named twice", name)
			}
			all = append(all, name)
		}
	}
	if len(all) < 100 {
		t.Errorf("%d options", len(all))
	}
}
