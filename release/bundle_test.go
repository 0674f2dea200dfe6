package release

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/release/airgap"
)

// offline are options with which whatever is fetched fails.
func offline(t *testing.T, b *Bundle) Options {
	t.Helper()
	return Options{Sources: testSources(), Bundle: b, CacheDir: filepath.Join(t.TempDir(), "none"),
		HTTP: &http.Client{Transport: noNetwork{t}}, retry: fastRetry}
}

type noNetwork struct{ t *testing.T }

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s was asked for", r.URL)
	return nil, http.ErrServerClosed
}

// create makes a bundle of a cluster, out of a cache of its own.
func create(t *testing.T, u *upstream, c *inventory.Cluster, archs ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "kbootstrap")
	must(t, os.WriteFile(program, []byte("the tool"), 0o755))
	file := filepath.Join(t.TempDir(), "bundle.tar")
	tool := BundleTool{Version: "v1.2.3", Platform: "linux/amd64", Programs: map[string]string{"kbootstrap": program}}
	m, err := CreateBundle(t.Context(), c, archs, tool, file, u.options(t.TempDir()))
	must(t, err)
	if len(m.Artifacts) == 0 {
		t.Fatal("the bundle has nothing")
	}
	return file
}

// open opens a bundle.
func open(t *testing.T, paths ...string) *Bundle {
	t.Helper()
	b, err := OpenBundle(paths)
	must(t, err)
	return b
}

// TestBundle resolves a cluster out of a bundle, as out of a cache, without a network and without a
// cache.
func TestBundle(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64", "arm64")
	u.lock(t, c)
	file := create(t, u, c, "arm64", "amd64")
	if !bytes.Equal(readFile(t, file), readFile(t, create(t, u, c, "amd64", "arm64", "amd64"))) {
		t.Error("two bundles of the same things differ")
	}
	b := open(t, file)
	must(t, b.Check(t.Context()))
	for _, arch := range []string{"amd64", "arm64"} {
		want, err := Resolve(t.Context(), c, arch, u.options(t.TempDir()))
		must(t, err)
		o := offline(t, b)
		got, err := Resolve(t.Context(), c, arch, o)
		must(t, err)
		for _, name := range allNames {
			if !bytes.Equal(read(t, got, name), read(t, want, name)) {
				t.Errorf("%s for %s is another one", name, arch)
			}
			one, _ := got.Content(name)
			other, _ := want.Content(name)
			if one.ImageID != other.ImageID || one.Size != other.Size || one.SHA256 != other.SHA256 {
				t.Errorf("%s: %+v, from a cache %+v", name, one, other)
			}
		}
		if d := cmp.Diff(want.images, got.images); d != "" {
			t.Errorf("images:\n%s", d)
		}
		if _, err := os.Stat(o.CacheDir); err == nil {
			t.Error("a cache was made")
		}
	}
	if !b.HasArch("arm64") || b.HasArch("riscv64") {
		t.Error("the architectures are not those that were asked for")
	}
}

// TestBundleWithoutLock: the lock in the bundle has the sums that nothing else has.
func TestBundleWithoutLock(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	b := open(t, create(t, u, c, "amd64"))
	own := true
	c.Artifacts = inventory.Artifacts{Mirror: "/nonexistent", OwnBuilds: &own}
	if _, err := Resolve(t.Context(), c, "amd64", offline(t, b)); err != nil {
		t.Error(err)
	}
}

// TestBundleRefuses: what a bundle lacks, or has otherwise than the lock or the project says, is
// named, all of it.
func TestBundleRefuses(t *testing.T) {
	old := testCluster(t)
	u := newUpstream(t, old, "amd64")
	u.lock(t, old)
	file := create(t, u, old, "amd64")
	for name, test := range map[string]struct {
		change func(t *testing.T, c *inventory.Cluster)
		arch   string
		code   fault.Code
		says   []string
	}{
		"another version": {change: func(_ *testing.T, c *inventory.Cluster) { c.Versions["runc"] = "1.9.9" },
			code: fault.BundleLacks, says: []string{"lacks", "runc/v1.9.9", "v1.2.3", "bundle create -i"}},
		"another architecture": {arch: "arm64", code: fault.BundleLacks, says: []string{"kubelet", "on amd64"}},
		"another lock": {change: func(t *testing.T, c *inventory.Cluster) {
			relock(t, c, func(e *LockedEntry) { e.SHA256 = strings.Repeat("a", 64) })
		}, code: fault.BundleDisputed, says: []string{"another file", "kube-apiserver", "kubelet", "pause"}},
		"another member in the lock": {change: func(t *testing.T, c *inventory.Cluster) {
			relock(t, c, func(e *LockedEntry) {
				if strings.Contains(e.URL, "etcd") {
					e.Members = map[string]string{"etcd-v3.6.14-linux-amd64/etcd": strings.Repeat("b", 64)}
				}
			})
		}, code: fault.BundleDisputed, says: []string{"another file", "etcd"}},
		"what the projects published": {change: func(t *testing.T, c *inventory.Cluster) {
			no := false
			c.Artifacts = inventory.Artifacts{Lock: filepath.Join(t.TempDir(), "none"), OwnBuilds: &no}
		}, code: fault.BundleDisputed, says: []string{"another file", "kubelet"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCluster(t)
			u.lock(t, c)
			if test.change != nil {
				test.change(t, c)
			}
			arch := test.arch
			if arch == "" {
				arch = "amd64"
			}
			_, err := Resolve(t.Context(), c, arch, offline(t, open(t, file)))
			if fault.Of(err) != test.code {
				t.Fatalf("%s: %v", fault.Of(err), err)
			}
			for _, text := range test.says {
				if all := err.Error() + fault.HintOf(err); !strings.Contains(all, text) {
					t.Errorf("the error does not say %q: %s", text, all)
				}
			}
		})
	}
}

// relock changes the entries of a lock.
func relock(t *testing.T, c *inventory.Cluster, change func(*LockedEntry)) {
	t.Helper()
	lock, err := ReadLock(c.Artifacts.Lock)
	must(t, err)
	for i := range lock.Artifacts {
		change(&lock.Artifacts[i])
	}
	must(t, lock.Write(c.Artifacts.Lock))
}

// TestBundleDifference uses a bundle together with what is new since.
func TestBundleDifference(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	before := create(t, u, c, "amd64")
	newer := testCluster(t)
	newer.Versions["etcd"] = "3.6.15"
	later := newUpstream(t, newer, "amd64")
	later.lock(t, newer)
	after := create(t, later, newer, "amd64")

	older, newest := open(t, before).newest, open(t, after).newest
	d := airgap.Compare(older, newest)
	if diff := cmp.Diff([]airgap.Change{{Component: "etcd", Arch: "amd64", Old: "3.6.14", New: "3.6.15"}},
		d.Changes); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
	news := filepath.Join(t.TempDir(), "news.tar")
	must(t, airgap.WriteDifference(t.Context(), older, newest, news))
	for _, paths := range [][]string{{before, news}, {news, before}} {
		b := open(t, paths...)
		must(t, b.Check(t.Context()))
		if _, err := Resolve(t.Context(), newer, "amd64", offline(t, b)); err != nil {
			t.Error(err)
		}
	}
	for name, test := range map[string]struct {
		paths []string
		code  fault.Code
	}{
		"the difference alone":   {[]string{news}, fault.BundleLacks},
		"two that do not belong": {[]string{before, after}, fault.BundleDamaged},
		"none":                   {nil, fault.BundleDamaged},
	} {
		if _, err := OpenBundle(test.paths); fault.Of(err) != test.code {
			t.Errorf("%s: %s: %v", name, fault.Of(err), err)
		}
	}
	err := airgap.WriteDifference(t.Context(), older, open(t, before, news).newest, filepath.Join(t.TempDir(), "x"))
	if fault.Of(err) != fault.BundleLacks {
		t.Errorf("a difference of a difference: %v", err)
	}
}

// TestBundleDamaged changes each part of a bundle: none is used.
func TestBundleDamaged(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	file := create(t, u, c, "amd64")
	whole := readFile(t, file)
	b := open(t, file)
	damaged := map[string][]byte{
		"cut in half": whole[:len(whole)/2], "cut at the end": whole[:len(whole)-700], "empty": nil,
		"another file":    []byte("cluster: demo\n"),
		"something after": append(bytes.Clone(whole[:len(whole)-1024]), whole...),
	}
	for _, f := range b.newest.Manifest.Files {
		_, at, _ := b.newest.Find(f.Name)
		changed := bytes.Clone(whole)
		changed[at+f.Size/2] ^= 1
		damaged["a byte of "+f.Name] = changed
	}
	manifest := bytes.Clone(whole)
	manifest[bytes.Index(manifest, []byte(`"sha256": "`))+len(`"sha256": "`)] = 'z'
	damaged["a sum in the manifest"] = manifest
	for name, content := range damaged {
		path := filepath.Join(t.TempDir(), "damaged.tar")
		must(t, os.WriteFile(path, content, 0o644))
		b, err := OpenBundle([]string{path})
		if err == nil {
			err = b.Check(t.Context())
		}
		if fault.Of(err) != fault.BundleDamaged || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %s: %v", name, fault.Of(err), err)
		}
		if b == nil || !strings.Contains(name, ".zst") {
			continue
		}
		if _, err := Resolve(t.Context(), c, "amd64", offline(t, b)); fault.Of(err) != fault.BundleDamaged {
			t.Errorf("%s was used: %v", name, err)
		}
	}
}

// TestBundleIsWholeOrNone: a run that fails leaves the file of before.
func TestBundleIsWholeOrNone(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	file := filepath.Join(t.TempDir(), "bundle.tar")
	must(t, os.WriteFile(file, []byte("before"), 0o644))
	tool := BundleTool{Programs: map[string]string{"kbootstrap": filepath.Join(t.TempDir(), "none")}}
	if _, err := CreateBundle(t.Context(), c, []string{"amd64"}, tool, file, u.options(t.TempDir())); err == nil {
		t.Error("a bundle without a tool was made")
	}
	if got := readFile(t, file); string(got) != "before" {
		t.Errorf("the file of before is %q", got)
	}
	if files, err := os.ReadDir(filepath.Dir(file)); err != nil || len(files) != 1 {
		t.Errorf("something was left: %v, %v", files, err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	content, err := io.ReadAll(f)
	must(t, err)
	return content
}
