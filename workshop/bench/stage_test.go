package main

import (
	"archive/tar"
	"compress/gzip"
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
	for shell, file := range map[string]string{"bash": "kubeadm.sh", "sh": "common/opt/kubeadm/prepare.sh"} {
		check := exec.CommandContext(t.Context(), shell, "-n", filepath.Join(s.dir, file))
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", file, err, out)
		}
	}
}

func TestUnpack(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "a.tar.gz")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	for _, name := range []string{"etcd-v3/etcd", "etcd-v3/etcdctl"} {
		header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(name)), Mode: 0o644}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{w, z, f} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := unpack(archive, dir, []string{"etcd"}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("unpacked %v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Name() != "etcd" || info.Mode().Perm() != 0o755 || info.Size() != int64(len("etcd-v3/etcd")) {
		t.Errorf("%v, %v", info, err)
	}
	if err := unpack(archive, dir, []string{"etcd", "etcdutl"}); err == nil ||
		!strings.Contains(err.Error(), "etcdutl") {
		t.Errorf("error is %v", err)
	}
}
