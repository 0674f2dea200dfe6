package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/release"
	"kbootstrap/workshop/lab/components"
)

// placed is a content and the directory of the layout that it goes to.
type placed struct {
	content release.Content
	dir     string
}

// The directories of programs in the layout.
const (
	programs = "common/usr/local/bin"
	plugins  = "common/opt/cni/bin"
	packed   = "packed" // those that are only packed as images
)

// layout returns the programs that hosts get. They are the contents of the cluster that `up` makes,
// so both have the same versions, whatever else the mirror holds.
func (s stage) layout() ([]placed, error) {
	var all []placed
	for _, in := range []struct {
		dir   string
		names []string
	}{
		{programs, []string{
			"kubelet", "kubectl", "kube-proxy", "runc", "containerd", "ctr", "containerd-shim-runc-v2", "flanneld",
			"dockerd", "docker", "docker-proxy", "docker-init",
		}},
		{plugins, []string{"bridge", "host-local", "loopback", "portmap"}},
		{packed, controlPlane()},
	} {
		for _, name := range in.names {
			content, err := s.contents.Content(name)
			if err != nil {
				return nil, err
			}
			all = append(all, placed{content, in.dir})
		}
	}
	return all, nil
}

// sums are the contents of a layout by their paths in it.
func sums(layout []placed) map[string]string {
	all := map[string]string{}
	for _, p := range layout {
		all[path.Join(p.dir, p.content.Name)] = p.content.SHA256
	}
	return all
}

// controlPlane are the programs that kubeadm runs as static pods.
func controlPlane() []string {
	return []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
}

// writePrograms lays out the programs.
func (s stage) writePrograms(layout []placed) error {
	for _, p := range layout {
		if err := writeContent(p.content, filepath.Join(s.dir, p.dir, p.content.Name)); err != nil {
			return err
		}
	}
	return copyFile(s.kubeadm(), filepath.Join(s.dir, programs, kubeadm))
}

// writeContent unpacks a content.
func writeContent(c release.Content, to string) error {
	stream, err := c.Open()
	if err != nil {
		return err
	}
	defer stream.Close()
	plain, err := zstd.NewReader(stream)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	defer plain.Close()
	return writeProgram(to, plain)
}

// writeImages lays out the images of every host, and packs the control plane's programs as images
// that hold nothing else: kubeadm runs them as static pods.
func (s stage) writeImages(ctx context.Context) error {
	for _, name := range []string{"pause", "coredns"} {
		image, err := s.contents.Content("image/" + name)
		if err != nil {
			return err
		}
		if err := writeContent(image, filepath.Join(s.dir, "common/opt/kubeadm/images", name+".tar")); err != nil {
			return err
		}
	}
	dir := filepath.Join(s.dir, "control-plane/opt/kubeadm/images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range controlPlane() {
		if err := components.PackProgram(ctx, s.images[name], filepath.Join(s.dir, packed, name),
			filepath.Join(dir, name+".tar")); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	return os.RemoveAll(filepath.Join(s.dir, packed))
}
