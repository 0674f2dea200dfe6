package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is sent to the hosts has the files that the script and the units name.
func TestStageFiles(t *testing.T) {
	s := stage{dir: t.TempDir(), images: map[string]string{"pause": "registry.k8s.io/pause:3.10.2"}}
	files, err := s.files()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(files); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(s.dir, "common/etc/containerd/config.toml"))
	if err != nil || !strings.Contains(string(config), `"registry.k8s.io/pause:3.10.2"`) {
		t.Errorf("config.toml: %v\n%s", err, config)
	}
	for name := range files {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		program := strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, "/cni-config")
		if got := info.Mode().Perm()&0o111 != 0; got != program {
			t.Errorf("%s: executable is %t", name, got)
		}
	}
	for file, shell := range map[string]string{
		"kubeadm.sh": "bash", "common/opt/kubeadm/prepare.sh": "sh", "common/opt/kubeadm/resolves.sh": "bash",
		"control-plane/opt/kubeadm/network.sh": "bash",
	} {
		check := exec.CommandContext(t.Context(), shell, "-n", filepath.Join(s.dir, file))
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", file, err, out)
		}
	}
}
