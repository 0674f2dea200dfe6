package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// artifactsInventory writes an inventory whose versions are newer than the built-in sums, with a
// mirror that has them.
func artifactsInventory(t *testing.T) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("KBOOTSTRAP_CACHE", filepath.Join(dir, "cache"))
	path = filepath.Join(dir, "hosts.yaml")
	var text strings.Builder
	for line := range strings.Lines(inventory.Template()) {
		if !strings.HasPrefix(line, "kubernetes:") && !strings.HasPrefix(line, "runtime:") {
			text.WriteString(line)
		}
	}
	text.WriteString(`
kubernetes: v1.36.99
runtime: containerd
artifacts: {mirror: mirror}
versions: {etcd: 3.6.99, containerd: 2.3.99, runc: 1.4.99, cni-plugins: 1.9.99}
`)
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := inventory.Load(path, component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	o := release.Options{Sources: component.Sources(), Verbs: []string{release.AnyVerb}}
	list, err := release.List(c, "amd64", o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		file := filepath.Join(dir, "mirror", strings.TrimPrefix(a.URL, "https://"))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		content := []byte("\x7fELF" + a.URL)
		if strings.HasSuffix(file, ".tar") {
			content = fixture.Image(a.URL)
		}
		if strings.HasSuffix(file, "gz") {
			content = archiveOfAll(t, "etcd-v3.6.99-linux-amd64/etcd", "etcd-v3.6.99-linux-amd64/etcdctl",
				"etcd-v3.6.99-linux-amd64/etcdutl",
				"bin/containerd", "bin/ctr", "bin/containerd-shim-runc-v2", "bridge", "host-local",
				"loopback", "portmap", "flanneld", "kube-router")
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, path
}

// archiveOfAll is an archive of the members that any of the artifacts must have.
func archiveOfAll(t interface{ Fatalf(string, ...any) }, names ...string) []byte {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755,
			Size: int64(len(name))}); err != nil {
			t.Fatalf("%v", err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	if err := z.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return []byte(b.String())
}

func TestArtifacts(t *testing.T) {
	dir, path := artifactsInventory(t)
	kbootstrap := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
		if code := a.run(context.Background(), args); code != want {
			t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, errs.String())
		}
		return out.String(), errs.String()
	}

	out, _ := kbootstrap(exitOK, "artifacts", "list", "-i", path)
	const kubelet = "https://dl.k8s.io/release/v1.36.99/bin/linux/amd64/kubelet"
	if !strings.Contains(out, kubelet+" ") || strings.Contains(out, "lock") || strings.Contains(out, "yes") {
		t.Errorf("list before anything is locked:\n%s", out)
	}

	out, errs := kbootstrap(exitOK, "artifacts", "lock", "-i", path)
	if lock := filepath.Join(dir, "artifacts.lock"); !strings.Contains(out, lock+": 17 artifacts") ||
		strings.Contains(errs, "to use it") {
		t.Errorf("lock: %s%s", out, errs)
	}
	// The lock next to the inventory is used without being named there.
	out, _ = kbootstrap(exitOK, "artifacts", "list", "-i", path)
	if strings.Count(out, "  yes\n") != 17 || strings.Contains(out, " - ") {
		t.Errorf("list after all is locked:\n%s", out)
	}

	_, errs = kbootstrap(exitOK, "artifacts", "lock", "-i", path, "-o", filepath.Join(dir, "elsewhere.lock"))
	if !strings.Contains(errs, "artifacts: {lock: "+filepath.Join(dir, "elsewhere.lock")+"}") {
		t.Errorf("a lock elsewhere: %s", errs)
	}

	// A lock that cannot be made complete is not written.
	if err := os.Remove(filepath.Join(dir, "mirror", strings.TrimPrefix(kubelet, "https://"))); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.lock")
	_, errs = kbootstrap(exitFailure, "artifacts", "lock", "-i", path, "-o", other)
	if !strings.Contains(errs, "kubelet: no such file") {
		t.Errorf("lock: %s", errs)
	}
	if _, err := os.Stat(other); !os.IsNotExist(err) {
		t.Errorf("the lock was written: %v", err)
	}
	kbootstrap(exitUsage, "artifacts", "lock", "-i", filepath.Join(dir, "none.yaml"))
	kbootstrap(exitUsage, "artifacts", "list", "-i", path, "more")
}
