package release

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kbootstrap/fault"
)

// TestMirrorsInOrder: what a mirror does not have, or has otherwise, comes from the next one. A
// server that is away is not waited for again with each artifact.
func TestMirrorsInOrder(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	first, second := u.directory(t), u.directory(t)
	kubelet := strings.TrimPrefix(urlOf(t, c, "kubelet"), "https://")
	etcd := strings.TrimPrefix(urlOf(t, c, "etcd"), "https://")
	must(t, os.Remove(filepath.Join(first, kubelet)))
	must(t, os.WriteFile(filepath.Join(first, etcd), []byte("another one"), 0o644))
	var tries atomic.Int64
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer busy.Close()
	before := u.total()
	c.Artifacts.Mirror, c.Artifacts.Others = busy.URL, []string{first, second}
	o := Options{Sources: testSources(), CacheDir: t.TempDir(), retry: fastRetry}
	s, err := Resolve(t.Context(), c, "amd64", o)
	must(t, err)
	for _, name := range allNames {
		read(t, s, name)
	}
	if u.total() != before {
		t.Error("upstream was asked, too")
	}
	if n := tries.Load(); n > impatientAttempts*parallel {
		t.Errorf("the busy server was asked %d times", n)
	}
	leftovers(t, o.CacheDir)

	// Without the last one, the error names each place and what is wrong there.
	c.Artifacts.Others = []string{first}
	o.CacheDir = t.TempDir()
	_, err = Resolve(t.Context(), c, "amd64", o)
	for _, text := range []string{kubelet, busy.URL + "/" + kubelet + ": 503", filepath.Join(first, kubelet) +
		": no such file", filepath.Join(first, etcd) + ": sha256 is"} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
}

// TestUpstreams: a server in the place of upstream's needs no lock; an image has the same name
// wherever it comes from.
func TestUpstreams(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	want, err := Resolve(t.Context(), c, "amd64", u.options(t.TempDir()))
	must(t, err)
	files := strings.TrimPrefix(urlOf(t, c, "kubelet"), "https://")
	host, path, _ := strings.Cut(files, "/")
	u.mu.Lock()
	for at, content := range u.files { // the same files and images elsewhere, and no more where they were
		if strings.HasPrefix(at, host+"/") {
			u.files["mirror.example.com/k8s/"+strings.TrimPrefix(at, host+"/")] = content
			delete(u.files, at)
		}
	}
	u.mu.Unlock()
	pause := artifactOf(t, c, "pause", "amd64")
	moved := pause
	moved.image = "images.example.com/google/pause:3.10.2"
	u.push(t, moved)
	u.set("https://registry.k8s.io/v2/pause/manifests/3.10.2", http.NotFound)
	c.Artifacts.Upstreams = map[string][]string{
		host:              {"https://nowhere.example.com", "https://mirror.example.com/k8s"},
		"registry.k8s.io": {"https://images.example.com/google", "https://registry.k8s.io"},
	}
	got, err := Resolve(t.Context(), c, "amd64", u.options(t.TempDir()))
	must(t, err)
	for _, name := range []string{"kubelet", "image/pause", "image/coredns", "etcd"} {
		if !bytes.Equal(read(t, got, name), read(t, want, name)) {
			t.Errorf("%s is another one", name)
		}
	}
	if u.asked("https://mirror.example.com/k8s/"+path) != 1 {
		t.Error("the kubelet did not come from the mirror")
	}
	if got.Image("pause") != "registry.k8s.io/pause:3.10.2" {
		t.Errorf("the image is called %s", got.Image("pause"))
	}
}

// TestUpstreamsPlainHTTP: nothing is taken on trust from a server without TLS that stands in for
// upstream.
func TestUpstreamsPlainHTTP(t *testing.T) {
	c := newerCluster(t)
	u := newUpstream(t, c, "amd64")
	c.Artifacts.Upstreams = map[string][]string{"registry.k8s.io": {"http://images.example.com"}}
	_, err := RecordLock(t.Context(), c, []string{"amd64"}, c.Artifacts.Lock, u.options(t.TempDir()))
	if fault.Of(err) != fault.ArtifactInsecure || !strings.Contains(err.Error(), "http://images.example.com") {
		t.Errorf("got %v", err)
	}
}

// TestResume: a download goes on where it was cut off, within a run and in the next one.
func TestResume(t *testing.T) {
	for name, test := range map[string]struct {
		ranges bool // the server can go on
		spoil  bool // what is there from before is another file's
	}{
		"goes on":                 {ranges: true},
		"a server without ranges": {},
		"another file":            {ranges: true, spoil: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCluster(t)
			u := newUpstream(t, c, "amd64")
			u.lock(t, c)
			at := urlOf(t, c, "kubelet")
			content := fakeBinary("kubelet", "amd64")
			var sent, cut atomic.Int64
			cut.Store(3)
			u.set(at, func(w http.ResponseWriter, r *http.Request) {
				if !test.ranges {
					r.Header.Del("Range")
				}
				n := len(content)
				if cut.Add(-1) >= 0 {
					n = len(content) / 4
				}
				http.ServeContent(&cutWriter{w, n, &sent}, r, "kubelet", time.Time{}, bytes.NewReader(content))
			})
			o := u.options(t.TempDir())
			o.retry.attempts = 2 // the first run fails, with half of the file
			if _, err := Resolve(t.Context(), c, "amd64", o); fault.Of(err) != fault.ArtifactUnreachable {
				t.Fatalf("the first run: %v", err)
			}
			parts, err := filepath.Glob(filepath.Join(o.CacheDir, "tmp", "partial-*"))
			must(t, err)
			if len(parts) != 1 {
				t.Fatalf("there is no part of the file: %v", parts)
			}
			if test.spoil {
				must(t, os.WriteFile(parts[0], bytes.Repeat([]byte("x"), len(content)/2), 0o600))
			}
			s, err := Resolve(t.Context(), c, "amd64", o)
			must(t, err)
			if !bytes.Equal(read(t, s, "kubelet"), content) {
				t.Error("the kubelet is another one")
			}
			if n := sent.Load(); test.ranges && !test.spoil && n != int64(len(content)) {
				t.Errorf("%d bytes were sent of a file with %d", n, len(content))
			}
			leftovers(t, o.CacheDir)
		})
	}
}

// cutWriter ends a connection after so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
	sent *atomic.Int64
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		n, _ := w.ResponseWriter.Write(p[:w.left])
		w.sent.Add(int64(n))
		panic(http.ErrAbortHandler)
	}
	n, err := w.ResponseWriter.Write(p)
	w.left -= n
	w.sent.Add(int64(n))
	return n, err
}
