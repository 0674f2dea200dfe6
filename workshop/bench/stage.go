package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"kbootstrap/release"
	"kbootstrap/workshop/lab"
)

// stage returns the directory with all that the script sends: in "common" what every host gets, in
// "control-plane" what only that gets, both as they are below the host's root. It is made once for
// the contents of a cluster and a version of this file.
func (b *bench) stage(ctx context.Context, contents *release.Set) (string, error) {
	mirror, err := lab.DefaultMirror()
	if err != nil {
		return "", err
	}
	s := stage{contents: contents, mirror: mirror, kubernetes: b.kubernetes}
	if s.images, err = s.kubeadmImages(ctx); err != nil {
		return "", err
	}
	files, err := s.files()
	if err != nil {
		return "", err
	}
	layout, err := s.layout()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Append(nil, sums(layout), s.images, contents.Image("coredns"), files))
	final := filepath.Join(b.dir, "stage-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(final); !errors.Is(err, fs.ErrNotExist) {
		return final, err
	}
	say("laying out what kubeadm needs, once")
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return "", err
	}
	old, err := filepath.Glob(filepath.Join(b.dir, "stage-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	s.dir = final + ".new"
	if err := s.writePrograms(layout); err != nil {
		return "", err
	}
	if err := s.writeImages(ctx); err != nil {
		return "", err
	}
	if err := s.write(files); err != nil {
		return "", err
	}
	return final, os.Rename(s.dir, final)
}

// stage is a layout in the making.
type stage struct {
	contents                *release.Set // those that `up` would send
	mirror, kubernetes, dir string
	images                  map[string]string // by the last part of the name: "etcd": "registry.k8s.io/etcd:3.6.8-0"
}

// kubeadm is the mirror's kubeadm, which no cluster of the tool needs.
func (s stage) kubeadm() string {
	return filepath.Join(s.mirror, "dl.k8s.io/release", s.kubernetes, "bin/linux", runtime.GOARCH, kubeadm)
}

// kubeadmImages asks kubeadm for the names of the images that it starts.
func (s stage) kubeadmImages(ctx context.Context) (map[string]string, error) {
	m, err := execute(ctx, commandLimit, s.kubeadm(), "config", "images", "list",
		"--kubernetes-version", s.kubernetes)
	if err != nil {
		return nil, err
	}
	images := map[string]string{}
	for ref := range strings.FieldsSeq(m.stdout) {
		name, _, _ := strings.Cut(path.Base(ref), ":")
		images[name] = ref
	}
	return images, nil
}
