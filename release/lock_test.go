package release

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

func TestLockRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "artifacts.lock")
	a, b := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	l := &Lock{Version: 1, Artifacts: []LockedEntry{
		{URL: "https://example.com/z", SHA256: b},
		{URL: "https://example.com/y", SHA256: a, Size: 84412345},
	}}
	must(t, l.Write(path))
	text, err := os.ReadFile(path)
	must(t, err)
	want := "# kbootstrap artifact lock\nversion: 1\nartifacts:\n" +
		"  - url: https://example.com/y\n    sha256: " + a + "\n    size: 84412345\n" +
		"  - url: https://example.com/z\n    sha256: " + b + "\n"
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("written:\n%s", d)
	}
	got, err := ReadLock(path)
	must(t, err)
	if d := cmp.Diff(l.entries(), got.entries()); d != "" {
		t.Errorf("read again:\n%s", d)
	}
}

func TestLockRefuses(t *testing.T) {
	sum := strings.Repeat("a1", 32)
	entry := func(url, sum string) string { return "  - url: " + url + "\n    sha256: " + sum + "\n" }
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"another version": {"version: 3\n", []string{"version 3 is not supported"}},
		"no version":      {"artifacts: []\n", []string{"version 0 is not supported"}},
		"unknown field":   {"version: 1\nartefacts: []\n", []string{"artefacts"}},
		"not YAML":        {"version: [1\n", []string{"artifact lock "}},
		"every entry": {
			"version: 1\nartifacts:\n" + entry("https://e.com/a", sum) + entry("https://e.com/a", sum) +
				entry("http://e.com/b", sum) +
				entry("https://e.com/c", strings.ToUpper(sum)) + entry("https://e.com/d", "abc") + entry("https://e.com/e", sum) +
				"    size: -1\n",
			[]string{"artifacts[1].url: https://e.com/a is listed twice", "artifacts[2].url", "artifacts[3].sha256",
				"artifacts[4].sha256", "artifacts[5].size"},
		},
		"too large": {"#" + strings.Repeat("x", maxLock), []string{"the file is too large"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "artifacts.lock")
			must(t, os.WriteFile(path, []byte(test.text), 0o644))
			_, err := ReadLock(path)
			if err == nil {
				t.Fatal("accepted")
			}
			if code := fault.Of(err); code != fault.ArtifactLockDamaged {
				t.Errorf("code %q, want %q: %v", code, fault.ArtifactLockDamaged, err)
			}
			for _, want := range append(test.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
	if _, err := ReadLock(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// newerCluster has only versions newer than the built-in sums, which a test's files cannot have.
func newerCluster(t *testing.T) *inventory.Cluster {
	t.Helper()
	c := testCluster(t)
	c.Kubernetes, c.Artifacts.OwnBuilds = "v1.36.99", nil
	c.Versions = map[string]string{
		"etcd": "3.6.99", "runc": "1.4.99", "cni-plugins": "1.9.99", "cri-dockerd": "0.4.99", "flannel": "0.28.99",
		"coredns": "1.14.99", "pause": "3.10.99",
	}
	return c
}

func TestRecordLock(t *testing.T) {
	c := newerCluster(t)
	u := newUpstream(t, c, "amd64", "arm64")
	o := u.options(t.TempDir())
	path := c.Artifacts.Lock
	kept := LockedEntry{URL: "https://example.com/old", SHA256: strings.Repeat("a", 64), Size: 1}
	must(t, (&Lock{Version: 1, Artifacts: []LockedEntry{kept}}).Write(path))
	lock, err := RecordLock(context.Background(), c, []string{"amd64", "arm64", "amd64"}, path, o)
	must(t, err)
	want := map[string]LockedEntry{kept.URL: kept}
	for at, file := range u.files {
		want["https://"+at] = LockedEntry{URL: "https://" + at, SHA256: sum(file), Size: int64(len(file)),
			Members: u.members["https://"+at]}
	}
	if d := cmp.Diff(want, lock.entries()); d != "" {
		t.Errorf("recorded:\n%s", d)
	}
	must(t, lock.Write(path))

	// What was fetched for the lock need not be fetched again; a second lock is the same.
	before := u.total()
	s, err := Resolve(context.Background(), c, "arm64", o)
	must(t, err)
	read(t, s, "image/coredns")
	again, err := RecordLock(context.Background(), c, []string{"amd64"}, path, o)
	must(t, err)
	if d := cmp.Diff(want, again.entries()); d != "" {
		t.Errorf("recorded again:\n%s", d)
	}
	if n := u.total() - before; n != 0 {
		t.Errorf("%d requests with all in the cache", n)
	}

	// A sum that is locked is never replaced.
	at := urlOf(t, c, "flanneld")
	changed := fakeArtifact(t, artifact{archive: true, arch: "amd64",
		members: []member{{name: "flanneld", path: "flanneld"}, {name: "more", path: "more"}}})
	u.set(at, func(w http.ResponseWriter, _ *http.Request) { send(w, changed) })
	_, err = RecordLock(context.Background(), c, []string{"amd64"}, path,
		u.options(t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), at) || strings.Count(err.Error(), "https://") != 1 {
		t.Errorf("got %v", err)
	}
}

func TestRecordLockKeepsToBuiltInSums(t *testing.T) {
	c := testCluster(t) // its versions are real ones, and the upstream's files are not
	c.Artifacts.OwnBuilds = nil
	u := newUpstream(t, c, "amd64")
	_, err := RecordLock(context.Background(), c, []string{"amd64"}, c.Artifacts.Lock,
		u.options(t.TempDir()))
	var failed *FetchError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	pinned := []string{
		"kube-apiserver", "kubelet", "etcd", "runc", "cni-plugins", "cri-dockerd", "flannel", "coredns", "pause",
	}
	if len(failed.Problems) != len(pinned) {
		t.Errorf("%d problems, want one for each of %v: %v", len(failed.Problems), pinned, err)
	}
}

func TestRecordLockRefusesWhatIsNoRelease(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) { send(w, []byte("<html>Log in</html>")) }
	text := func(w http.ResponseWriter, _ *http.Request) { send(w, []byte("no such release\n")) }
	for name, test := range map[string]struct {
		content string
		answer  http.HandlerFunc
		want    string
	}{
		"page for a binary":   {"kubelet", page, "an HTML page"},
		"page for an archive": {"etcd", page, "an HTML page"},
		"text for a binary":   {"runc", text, "not a Linux binary"},
		"text for an archive": {"flanneld", text, "not a gzipped archive"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newerCluster(t)
			u := newUpstream(t, c, "amd64")
			at := urlOf(t, c, test.content)
			u.set(at, test.answer)
			_, err := RecordLock(context.Background(), c, []string{"amd64"}, c.Artifacts.Lock,
				u.options(t.TempDir()))
			if err == nil || !strings.Contains(err.Error(), at) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestList(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	o := u.options(t.TempDir())
	lock, own := c.Artifacts.Lock, c.Artifacts.OwnBuilds
	c.Artifacts.Lock, c.Artifacts.OwnBuilds = "", nil
	list, err := List(c, "amd64", o)
	must(t, err)
	byURL := map[string]Artifact{}
	for _, a := range list {
		byURL[a.URL] = a
	}
	want := Artifact{
		Component: "kubernetes", Version: "v1.36.3", Origin: OriginBuiltIn, URL: urlOf(t, c, "kubelet"),
		SHA256: "46707a53209f826ad0f0d62371ac69cd00e78fd9a8176cf5f6f87f18f7f8b718",
	}
	if d := cmp.Diff(want, byURL[want.URL]); d != "" {
		t.Errorf("kubelet:\n%s", d)
	}
	want = Artifact{
		Component: "flannel", Version: "0.28.4", Origin: OriginBuiltIn,
		URL:   "https://ghcr.io/flannel-io/flannel/v0.28.4.tar", // the archive has no published sum
		Index: "cc44a1a8969c4f14b8dd45664546f14abc3fc7682b125399103e555f1ad2528b",
	}
	if d := cmp.Diff(want, byURL[want.URL]); d != "" {
		t.Errorf("flannel:\n%s", d)
	}

	c.Artifacts.Lock, c.Artifacts.OwnBuilds = lock, own
	u.lock(t, c)
	if _, err := Resolve(context.Background(), c, "amd64", o); err != nil {
		t.Fatal(err)
	}
	list, err = List(c, "amd64", o)
	must(t, err)
	if len(list) != len(u.files) {
		t.Errorf("%d artifacts, want %d", len(list), len(u.files))
	}
	for _, a := range list {
		if file := u.files[strings.TrimPrefix(a.URL, "https://")]; !a.Cached || a.Size != int64(len(file)) ||
			a.SHA256 != sum(file) || a.Origin != OriginLock {
			t.Errorf("%+v", a)
		}
	}
}
