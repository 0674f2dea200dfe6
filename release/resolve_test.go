package release

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// allNames are the contents of testSources.
var allNames = []string{
	"bridge", "cri-dockerd", "etcd", "etcdctl", "flanneld", "image/coredns", "image/pause", "kube-apiserver", "kubelet",
	"loopback", "runc",
}

func TestResolve(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			c := testCluster(t)
			u := newUpstream(t, c, arch)
			u.lock(t, c)
			o := u.options(t.TempDir())
			s, err := Resolve(context.Background(), c, arch, o)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(allNames, names(s)); d != "" {
				t.Errorf("names:\n%s", d)
			}
			for _, name := range allNames {
				raw := read(t, s, name)
				if !strings.HasPrefix(name, "image/") && !bytes.Equal(raw, fakeBinary(name, arch)) {
					t.Errorf("%s is another content", name)
				}
			}
			if !bytes.Contains(read(t, s, "image/pause"), []byte("layer of pause for "+arch)) {
				t.Error("the image is not of the platform")
			}
			if _, err := s.Content("kubeadm"); err == nil {
				t.Error("there is a content that no component needs")
			}
			for component, want := range map[string]string{"etcd": "3.6.14", "kubernetes": "v1.36.3", "nothing": ""} {
				if got := s.Version(component); got != want {
					t.Errorf("Version(%q) = %q, want %q", component, got, want)
				}
			}
			for image, want := range map[string]string{
				"pause":   "registry.k8s.io/pause:3.10.2",
				"coredns": "registry.k8s.io/coredns/coredns:v1.14.7", "etcd": "",
				"nothing": "",
			} {
				if got := s.Image(image); got != want {
					t.Errorf("Image(%q) = %q, want %q", image, got, want)
				}
			}
			leftovers(t, o.CacheDir)

			before := u.total()
			again, err := Resolve(context.Background(), c, arch, o)
			if err != nil {
				t.Fatal(err)
			}
			if n := u.total() - before; n != 0 {
				t.Errorf("a warm cache made %d requests", n)
			}
			all := cmp.AllowUnexported(Set{}, Content{}, cache{}, pair{}, member{})
			if d := cmp.Diff(s, again, all, cmpopts.IgnoreTypes(new(sync.WaitGroup))); d != "" {
				t.Errorf("a warm cache gives another set:\n%s", d)
			}
		})
	}
}

func TestResolveLeavesOutWhatIsNotNeeded(t *testing.T) {
	c := testCluster(t)
	c.Runtime, c.CRI = "containerd", "containerd"
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	s, err := Resolve(context.Background(), c, "amd64", u.options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Content("cri-dockerd"); err == nil {
		t.Error("the set has cri-dockerd")
	}
	if _, err := s.Content("etcd"); err != nil {
		t.Error(err)
	}
}

func TestResolveRefusesUnpinned(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	o := u.options(t.TempDir())

	built := *c
	built.Artifacts = inventory.Artifacts{Mirror: t.TempDir()}
	var unpinned *UnpinnedError
	_, err := Resolve(context.Background(), &built, "amd64", o)
	if !errors.As(err, &unpinned) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		"https://example.com/flannel/v0.28.4-amd64.tar.gz",
		"https://registry.k8s.io/coredns/coredns/v1.14.7.tar",
		"https://registry.k8s.io/pause/3.10.2.tar",
	}
	if fault.Of(err) != fault.ArtifactUnpinned {
		t.Errorf("code %q", fault.Of(err))
	}
	if d := cmp.Diff(want, unpinned.URLs); d != "" {
		t.Errorf("built-in sums: unpinned:\n%s", d)
	}
	for _, text := range append(want, "neither the tool nor artifacts.lock") {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
	if !strings.Contains(unpinned.Hint(), "kbootstrap artifacts lock -i hosts.yaml") {
		t.Errorf("hint: %s", unpinned.Hint())
	}

	// Upstream's images are pulled by the digest of their index, which a mirror's archives lack.
	built.Artifacts = inventory.Artifacts{}
	_, err = Resolve(context.Background(), &built, "amd64", o)
	if fault.Of(err) == fault.ArtifactUnpinned || fault.Of(err) == "" {
		t.Errorf("from upstream: %v", err)
	}
	prepared := u.total()

	// With own builds the lock alone counts, even for the Kubernetes binaries.
	l := &Lock{Version: 1, Artifacts: []LockedEntry{{URL: urlOf(t, c, "kubelet"), SHA256: strings.Repeat("a", 64)}}}
	if err := l.Write(c.Artifacts.Lock); err != nil {
		t.Fatal(err)
	}
	_, err = Resolve(context.Background(), c, "amd64", o)
	if !errors.As(err, &unpinned) {
		t.Fatalf("got %v", err)
	}
	if len(unpinned.URLs) != len(u.files)-1 {
		t.Errorf("%d artifacts are unpinned, of %d with one in the lock", len(unpinned.URLs), len(u.files))
	}
	if !strings.Contains(err.Error(), c.Artifacts.Lock) || !strings.Contains(err.Error(), "`cri: dockerd`") {
		t.Errorf("the error names neither the lock nor the option: %v", err)
	}
	if u.total() != prepared {
		t.Errorf("%d requests although something was unpinned", u.total()-prepared)
	}
}

func TestResolveTellsProgress(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	var mu sync.Mutex // TryLock notices calls that overlap
	done := map[string]int64{}
	o := u.options(t.TempDir())
	o.Progress = func(e Event) {
		if !mu.TryLock() {
			t.Error("two events at a time")
			return
		}
		defer mu.Unlock()
		if e.Done == e.Total {
			done[e.Name] += e.Total
		}
	}
	if _, err := Resolve(context.Background(), c, "amd64", o); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{}
	for at, file := range u.files {
		want[at] = int64(len(file))
	}
	if d := cmp.Diff(want, done); d != "" {
		t.Errorf("last events:\n%s", d)
	}
}

func TestResolveRefusesUnknownArchitecture(t *testing.T) {
	o := Options{Sources: testSources(), CacheDir: t.TempDir()}
	_, err := Resolve(context.Background(), testCluster(t), "riscv64", o)
	if err == nil || !strings.Contains(err.Error(), `"riscv64"`) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkResolveWarm is what every run pays when nothing has to be fetched.
func BenchmarkResolveWarm(b *testing.B) {
	c := testCluster(b)
	u := newUpstream(b, c, "amd64")
	u.lock(b, c)
	o := u.options(b.TempDir())
	for b.Loop() {
		if _, err := Resolve(context.Background(), c, "amd64", o); err != nil {
			b.Fatal(err)
		}
	}
}
