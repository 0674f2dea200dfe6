package release

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
)

// unreachable is a client for those who must not use one.
func unreachable(t *testing.T) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("asked for %s", r.URL)
		return nil, errors.New("not here")
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestMirrorDirectory(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64", "arm64")
	u.lock(t, c)
	c.Artifacts.Mirror = u.directory(t)
	o := Options{Sources: testSources(), CacheDir: t.TempDir(), HTTP: unreachable(t), retry: fastRetry}
	for _, arch := range []string{"amd64", "arm64"} {
		s, err := Resolve(context.Background(), c, arch, o)
		must(t, err)
		for _, name := range names(s) {
			raw := read(t, s, name)
			if !strings.Contains(string(raw), "for "+arch) {
				t.Errorf("%s is not for %s", name, arch)
			}
		}
	}
	leftovers(t, o.CacheDir)
}

func TestMirrorDirectoryFailures(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	c.Artifacts.Mirror = u.directory(t)
	at := func(content string) string {
		return filepath.Join(c.Artifacts.Mirror, strings.TrimPrefix(urlOf(t, c, content), "https://"))
	}
	must(t, os.Remove(at("kubelet")))
	must(t, os.Truncate(at("etcd"), 10))
	must(t, os.WriteFile(at("image/pause"), []byte("another"), 0o644))
	o := Options{Sources: testSources(), CacheDir: t.TempDir(), HTTP: unreachable(t), retry: fastRetry}
	_, err := Resolve(context.Background(), c, "amd64", o)
	var failed *FetchError
	if !errors.As(err, &failed) || len(failed.Problems) != 3 || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	if fault.Of(err) != fault.ArtifactMissing || !fault.ArtifactMismatch.Is(err) {
		t.Errorf("code %q", fault.Of(err))
	}
	for _, want := range []string{
		at("kubelet") + ": no such file or directory",
		at("etcd") + ": sha256 is ",
		at("image/pause") + ": sha256 is " + sum([]byte("another")) + ", expected ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	for _, bad := range []string{at("etcd"), at("image/pause")} {
		b, err := os.ReadFile(bad)
		must(t, err)
		if _, err := os.Stat(filepath.Join(o.CacheDir, "index", sum(b)+".json")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was cached: %v", bad, err)
		}
	}
}

func TestMirrorURL(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	mirror := httptest.NewServer(http.StripPrefix("/files", http.FileServer(http.Dir(u.directory(t)))))
	defer mirror.Close()
	c.Artifacts.Mirror = mirror.URL + "/files"
	o := Options{Sources: testSources(), CacheDir: t.TempDir(), retry: fastRetry} // and the default client
	before := u.total()
	s, err := Resolve(context.Background(), c, "amd64", o)
	must(t, err)
	for _, name := range allNames {
		read(t, s, name)
	}
	if u.total() != before {
		t.Error("upstream was asked, too")
	}
	c.Artifacts.Mirror = mirror.URL + "/elsewhere"
	o.CacheDir = t.TempDir()
	_, err = Resolve(context.Background(), c, "amd64", o)
	if want := mirror.URL + "/elsewhere/dl.example.com/v1.36.3/amd64/kubelet: 404"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
