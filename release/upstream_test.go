package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"kbootstrap/inventory"
)

// fastRetry is the default policy without its waits.
var fastRetry = retryPolicy{attempts: 5, base: time.Millisecond, longest: 5 * time.Millisecond}

// upstream is all the servers that artifacts come from, in one: a TLS server that a client reaches
// whatever host it dials. Behind registry.k8s.io there is a real registry.
type upstream struct {
	*httptest.Server
	mu       sync.Mutex
	files    map[string][]byte            // by host and path
	members  map[string]map[string]string // the sums of what is wanted in archives, by URL and path
	answers  map[string]http.HandlerFunc  // instead of a file
	requests map[string]int               // by host and path
}

// send answers with the body. A client that hangs up before its end is what some tests are about.
func send(w http.ResponseWriter, body []byte) { _, _ = w.Write(body) }

// newUpstream serves every artifact that the cluster needs on the architectures.
func newUpstream(t testing.TB, c *inventory.Cluster, archs ...string) *upstream {
	t.Helper()
	u := &upstream{
		files: map[string][]byte{}, members: map[string]map[string]string{},
		answers: map[string]http.HandlerFunc{}, requests: map[string]int{},
	}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	u.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := r.Host + r.URL.Path
		u.mu.Lock()
		u.requests[at]++
		answer, file := u.answers[at], u.files[at]
		u.mu.Unlock()
		switch {
		case answer != nil:
			answer(w, r)
		case file != nil:
			send(w, file)
		case strings.HasPrefix(r.URL.Path, "/v2/"):
			images.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(u.Close)
	versions, err := Versions(c, testSources())
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range archs {
		artifacts, err := expand(c, testSources(), versions, arch)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range artifacts {
			u.files[a.name()] = fakeArtifact(t, a)
			for _, m := range a.members {
				if !a.isWhole() && u.members[a.url] == nil {
					u.members[a.url] = map[string]string{}
				}
				if !a.isWhole() {
					u.members[a.url][m.path] = sum(fakeBinary(filepath.Base(m.path), a.arch))
				}
			}
			if a.image != "" {
				u.push(t, a)
			}
		}
	}
	return u
}

// client dials the upstream, whatever the host.
func (u *upstream) client() *http.Client {
	transport := u.Server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com" // which the server's certificate is for
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, u.Listener.Addr().String())
	}
	client := newClient()
	client.Transport = transport
	return client
}

// push puts an image into the registry, under an index with one image for each of two platforms.
func (u *upstream) push(t testing.TB, a artifact) {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, arch := range []string{"arm64", "amd64"} {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        fakeImage(t, a, arch),
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	tag, err := name.NewTag(a.image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index, remote.WithTransport(u.client().Transport)); err != nil {
		t.Fatal(err)
	}
}

// set changes what the upstream answers for one artifact.
func (u *upstream) set(url string, answer http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answers[strings.TrimPrefix(url, "https://")] = answer
}

// asked is how often one artifact was requested.
func (u *upstream) asked(url string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.requests[strings.TrimPrefix(url, "https://")]
}

// total is how many requests there were, of files and of images.
func (u *upstream) total() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for _, i := range u.requests {
		n += i
	}
	return n
}

func fakeImage(t testing.TB, a artifact, arch string) v1.Image {
	t.Helper()
	layer := static.NewLayer([]byte("layer of "+a.component+" for "+arch), types.DockerLayer)
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	image, err = mutate.ConfigFile(image, config)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// fakeBinary is a content that differs from all others and begins as a Linux binary does.
func fakeBinary(content, arch string) []byte {
	return []byte("\x7fELF" + strings.Repeat(content+" for "+arch+"\n", 2000))
}

// fakeArtifact is an artifact in the shape in which its project publishes it.
func fakeArtifact(t testing.TB, a artifact) []byte {
	t.Helper()
	switch {
	case a.image != "":
		tag, err := name.NewTag(a.image)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := tarball.Write(tag, fakeImage(t, a, a.arch), &b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	case !a.archive:
		return fakeBinary(a.members[0].name, a.arch)
	}
	members := []tar.Header{{Name: "README.md", Typeflag: tar.TypeReg}, {Name: "directory/", Typeflag: tar.TypeDir}}
	for i, m := range a.members {
		name := m.path
		if i%2 == 0 {
			name = "./" + name // both spellings are in use
		}
		members = append(members, tar.Header{Name: name, Typeflag: tar.TypeReg})
	}
	return fakeArchive(t, members, func(h tar.Header) []byte {
		return fakeBinary(filepath.Base(h.Name), a.arch)
	})
}

// fakeArchive makes a gzipped tar; the content of its regular files comes from the function.
func fakeArchive(t testing.TB, members []tar.Header, content func(tar.Header) []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range members {
		var body []byte
		if h.Typeflag == tar.TypeReg {
			body = content(h)
		}
		h.Mode, h.Size = 0o755, int64(len(body))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fullCluster is a cluster with every optional artifact.
func fullCluster() *inventory.Cluster {
	return &inventory.Cluster{
		Name:       "demo",
		File:       "hosts.yaml",
		Kubernetes: "v1.36.3",
		Versions:   map[string]string{},
		Runtime:    "docker",
		CRI:        "dockerd",
	}
}

// testCluster is a full cluster with a lock of its own, which is not written yet. Its files are not
// those that the projects published.
func testCluster(t testing.TB) *inventory.Cluster {
	t.Helper()
	c, own := fullCluster(), true
	c.Artifacts.OwnBuilds = &own
	c.Artifacts.Lock = filepath.Join(t.TempDir(), "artifacts.lock")
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lock writes the cluster's lock with the sum of every file of the upstream.
func (u *upstream) lock(t testing.TB, c *inventory.Cluster) {
	t.Helper()
	l := &Lock{Version: 1}
	for at, file := range u.files {
		l.Artifacts = append(l.Artifacts, LockedEntry{URL: "https://" + at, SHA256: sum(file), Size: int64(len(file))})
	}
	if err := l.Write(c.Artifacts.Lock); err != nil {
		t.Fatal(err)
	}
}

// directory lays the files of the upstream out as a mirror.
func (u *upstream) directory(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for at, file := range u.files {
		path := filepath.Join(dir, filepath.FromSlash(at))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// names returns the names of all contents of a set, sorted.
func names(s *Set) []string { return slices.Sorted(maps.Keys(s.contents)) }

// read unpacks a content and verifies it as a host does.
func read(t testing.TB, s *Set, content string) []byte {
	t.Helper()
	c, err := s.Content(content)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	z, err := zstd.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if sum(raw) != c.SHA256 || int64(len(raw)) != c.Size {
		t.Fatalf("%s: has %d bytes with sum %s, says %d bytes with sum %s", content, len(raw),
			sum(raw), c.Size, c.SHA256)
	}
	return raw
}

// leftovers fails the test when something unfinished remains in a cache.
func leftovers(t testing.TB, cacheDir string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(cacheDir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) > 0 {
		t.Errorf("left behind in the cache: %v", files)
	}
}

// leftoversButParts is leftovers after a run that failed, of which the next one may take a part.
func leftoversButParts(t testing.TB, cacheDir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cacheDir, "tmp", "*"))
	must(t, err)
	for _, file := range files {
		if !strings.HasPrefix(filepath.Base(file), "partial-") {
			t.Errorf("left behind in the cache: %s", file)
		}
	}
}

// blobs returns the sums of the members that a cache holds.
func blobs(t testing.TB, cacheDir string) []string {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(cacheDir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]bool{}
	for _, f := range files {
		sums[strings.TrimSuffix(f.Name(), ".zst")] = true
	}
	return slices.Sorted(maps.Keys(sums))
}

// urlOf returns the URL of the artifact that has the content.
func urlOf(t testing.TB, c *inventory.Cluster, content string) string {
	t.Helper()
	versions, err := Versions(c, testSources())
	if err != nil {
		t.Fatal(err)
	}
	artifacts, err := expand(c, testSources(), versions, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range artifacts {
		if slices.ContainsFunc(a.members, func(m member) bool { return m.name == content }) {
			return a.url
		}
	}
	t.Fatalf("no artifact has %s", content)
	return ""
}
