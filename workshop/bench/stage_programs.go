package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"kbootstrap/workshop/lab/components"
)

// writePrograms lays out the programs.
func (s stage) writePrograms() error {
	for _, name := range []string{"kubeadm", "kubelet", "kubectl"} {
		if err := copyFile(filepath.Join(s.release(), name),
			filepath.Join(s.dir, "common/usr/local/bin", name)); err != nil {
			return err
		}
	}
	runc, err := s.find("github.com/opencontainers/runc/releases/download/*/runc." + runtime.GOARCH)
	if err != nil {
		return err
	}
	if err := copyFile(runc, filepath.Join(s.dir, "common/usr/local/bin/runc")); err != nil {
		return err
	}
	for _, a := range []struct {
		archive, dir string
		programs     []string
	}{
		{"containerd/containerd/releases/download/*/containerd-static-*.tar.gz", "common/usr/local/bin",
			[]string{"containerd", "ctr", "containerd-shim-runc-v2"}},
		{"containernetworking/plugins/releases/download/*/cni-plugins-*.tgz", "common/opt/cni/bin",
			[]string{"bridge", "host-local", "loopback", "portmap"}},
		{"flannel-io/flannel/releases/download/*/flannel-*.tar.gz", "common/usr/local/bin", []string{"flanneld"}},
		// Only to be packed as an image.
		{"etcd-io/etcd/releases/download/*/etcd-*.tar.gz", "etcd", []string{"etcd"}},
	} {
		archive, err := s.find("github.com/" + a.archive)
		if err != nil {
			return err
		}
		if err := unpack(archive, filepath.Join(s.dir, a.dir), a.programs); err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
	}
	return nil
}

// find returns the one file of the mirror that matches.
func (s stage) find(pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(s.mirror, pattern))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d files in the mirror are %s, not one", len(found), pattern)
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// writeImages packs the control plane's programs as images that hold nothing else: kubeadm runs
// them as static pods.
func (s stage) writeImages(ctx context.Context) error {
	pause := s.images["pause"]
	_, version, _ := strings.Cut(pause, ":")
	if err := copyFile(filepath.Join(s.mirror, "registry.k8s.io/pause", version+".tar"),
		filepath.Join(s.dir, "common/opt/kubeadm/images/pause.tar")); err != nil {
		return err
	}
	dir := filepath.Join(s.dir, "control-plane/opt/kubeadm/images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, from := range map[string]string{
		"etcd": filepath.Join(s.dir, "etcd"), "kube-apiserver": s.release(), "kube-controller-manager": s.release(),
		"kube-scheduler": s.release(),
	} {
		if err := components.PackProgram(ctx, s.images[name], filepath.Join(from, name),
			filepath.Join(dir, name+".tar")); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	return os.RemoveAll(filepath.Join(s.dir, "etcd"))
}
