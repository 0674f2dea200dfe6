package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// A mirror holds what several versions of Kubernetes need, as the lab's does; what kubeadm gets is
// what goes with the version that is measured, as what `up` sends.
func TestProgramsOfAMirrorWithSeveralVersions(t *testing.T) {
	for kubernetes, etcd := range map[string]string{"v1.36.3": "3.6.14", "v1.33.13": "3.5.33"} {
		t.Run(kubernetes, func(t *testing.T) {
			m := newMirror(t)
			for _, version := range []string{"v1.36.3", "v1.33.13"} {
				m.add(m.cluster(version))
			}
			m.lock()
			contents, err := release.Resolve(t.Context(), m.cluster(kubernetes), runtime.GOARCH, m.options)
			if err != nil {
				t.Fatal(err)
			}
			s := stage{contents: contents, mirror: m.dir, kubernetes: kubernetes, dir: t.TempDir()}
			layout, err := s.layout()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.writePrograms(layout); err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]string{
				"packed/etcd": "etcd " + etcd, "packed/kube-apiserver": "kube-apiserver " + kubernetes,
				"common/usr/local/bin/kubelet": "kubelet " + kubernetes,
				"common/usr/local/bin/kubeadm": "kubeadm " + kubernetes,
			} {
				text, err := os.ReadFile(filepath.Join(s.dir, path))
				if err != nil || string(text) != want {
					t.Errorf("%s: %q, %v, want %q", path, text, err, want)
				}
			}
		})
	}
}

// mirror is a directory of made-up artifacts, whose programs tell their version.
type mirror struct {
	t       *testing.T
	dir     string
	written release.Lock
	options release.Options
}

// newMirror makes an empty one. Its options want no images.
func newMirror(t *testing.T) *mirror {
	m := &mirror{t: t, dir: t.TempDir(), written: release.Lock{Version: 1}}
	m.options.CacheDir = t.TempDir()
	c := m.cluster("v1.36.3")
	for _, s := range component.Sources() {
		if s.URL != "" && len(s.Programs) > 0 && s.Verb == "" && (s.Needed == nil || s.Needed(c)) {
			s.Image = ""
			m.options.Sources = append(m.options.Sources, s)
		}
	}
	return m
}

// cluster is one of a version of Kubernetes, out of the mirror.
func (m *mirror) cluster(kubernetes string) *inventory.Cluster {
	m.t.Helper()
	text := fmt.Sprintf("cluster: m\nkubernetes: %s\nartifacts: {mirror: %s, lock: %[2]s/lock, ownBuilds: true}\n"+
		"hosts:\n- {name: a, address: 192.0.2.1, roles: [control-plane, etcd]}\n", kubernetes, m.dir)
	c, err := inventory.Parse("hosts.yaml", []byte(text), component.Rules())
	if err != nil {
		m.t.Fatal(err)
	}
	return c
}

// add writes what a cluster needs, and kubeadm.
func (m *mirror) add(c *inventory.Cluster) {
	m.t.Helper()
	versions, err := release.Versions(c, m.options.Sources)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, s := range m.options.Sources {
		version := versions[s.Component]
		url := strings.NewReplacer("{version}", strings.TrimPrefix(version, "v"), "{arch}", runtime.GOARCH,
			"{machine}", machineName()).Replace(s.URL)
		if s.Archive {
			m.write(url, archiveOf(m.t, s, version))
		} else {
			m.write(url, []byte(s.Programs[0]+" "+version))
		}
	}
	m.write("https://dl.k8s.io/release/"+c.Kubernetes+"/bin/linux/"+runtime.GOARCH+"/kubeadm",
		[]byte("kubeadm "+c.Kubernetes))
}

// machineName is the architecture as `uname -m` names it.
func machineName() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
}

// write puts a file where the mirror has that of a URL; what is there already stays.
func (m *mirror) write(url string, content []byte) {
	m.t.Helper()
	path := filepath.Join(m.dir, strings.TrimPrefix(url, "https://"))
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		m.t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	m.written.Artifacts = append(m.written.Artifacts,
		release.LockedEntry{URL: url, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))})
}

// lock writes the sums of all files.
func (m *mirror) lock() {
	m.t.Helper()
	if err := m.written.Write(filepath.Join(m.dir, "lock")); err != nil {
		m.t.Fatal(err)
	}
}

// archiveOf is an archive of a source.
func archiveOf(t *testing.T, s release.Source, version string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	directory := strings.NewReplacer("{version}", version, "{arch}", runtime.GOARCH).Replace(s.Directory)
	for _, program := range s.Programs {
		text := program + " " + version
		header := &tar.Header{Name: directory + program, Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o755}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
