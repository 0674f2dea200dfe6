package components

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// served is a server on loopback in the place of upstream's.
type served struct {
	*upstream
	said []string

	mu    sync.Mutex
	asked []string // "GET a.test/tool bytes=5-"
}

// requests are those that came so far.
func (s *served) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// serve returns an upstream whose files are texts, by the hosts and paths of their URLs. Unless it
// returns false, how answers a request instead.
func serve(t *testing.T, files map[string]string, how func(http.ResponseWriter, *http.Request) bool) *served {
	t.Helper()
	s := &served{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.Host+r.URL.Path+" "+r.Header.Get("Range")))
		if how != nil && how(w, r) {
			return
		}
		text, ok := files[r.Host+r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.upstream = &upstream{
		client: &http.Client{Transport: redirected{address}}, sums: map[string]string{}, attempts: 3,
		log: func(line string) { s.said = append(s.said, line) },
	}
	for name, text := range files {
		s.sums["https://"+name] = sumOf(text)
	}
	return s
}

// sumOf is the sha256 of a text in hex.
func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// redirected sends all requests to one server, which learns whom they were for.
type redirected struct{ to *url.URL }

func (c redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	clone := r.Clone(r.Context())
	clone.Host = r.URL.Host
	clone.URL.Scheme, clone.URL.Host = c.to.Scheme, c.to.Host
	return http.DefaultTransport.RoundTrip(clone)
}

// toolFiles are the artifacts of toolRecipe, as upstream has them.
var toolFiles = map[string]string{"a.test/tool": "upstream's tool", "b.test/v1/tool.tar.gz": "upstream's archive"}

// fill fills a mirror by toolRecipe, and returns how often that was built.
func fill(t *testing.T, m mirror, up *upstream) (built int, err error) {
	t.Helper()
	err = fillMirror(t.Context(), m, []recipe{toolRecipe(&built)}, up, func(string) {})
	return built, err
}

func TestFetchInsteadOfBuilding(t *testing.T) {
	m, s := open(t), serve(t, toolFiles, nil)
	for range 2 {
		if built, err := fill(t, m, s.upstream); err != nil || built != 0 {
			t.Fatalf("built %d times, %v", built, err)
		}
	}
	checkLock(t, m, 2)
	want := []string{"HEAD a.test/tool", "GET a.test/tool", "GET b.test/v1/tool.tar.gz"}
	if !slices.Equal(s.requests(), want) {
		t.Errorf("asked %q, want %q", s.requests(), want)
	}
	if text, err := os.ReadFile(m.path("a.test/tool")); err != nil || string(text) != toolFiles["a.test/tool"] {
		t.Errorf("%q, %v", text, err)
	}
	// Whoever wants it from source gets it, and the lock agrees.
	if built, err := fill(t, m, nil); err != nil || built != 1 {
		t.Errorf("built %d times, %v", built, err)
	}
	checkLock(t, m, 2)
	// What was built is not fetched again.
	if built, err := fill(t, m, s.upstream); err != nil || built != 0 || len(s.requests()) != len(want) {
		t.Errorf("built %d times, asked %q, %v", built, s.requests(), err)
	}
}

// TestFetchGoesOn: what is cut off in the middle goes on there, also in the next run.
func TestFetchGoesOn(t *testing.T) {
	cut := 2
	s := serve(t, toolFiles, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.Host != "a.test" || cut == 0 {
			return false
		}
		cut--
		text := toolFiles["a.test/tool"]
		from := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(text)-1, len(text)))
			w.Header().Set("Content-Length", fmt.Sprint(len(text)-from))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		}
		_, _ = w.Write([]byte(text[from : from+3]))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	m := open(t)
	if built, err := fill(t, m, s.upstream); err != nil || built != 0 {
		t.Fatalf("built %d times, %v", built, err)
	}
	want := []string{"GET a.test/tool", "GET a.test/tool bytes=3-", "GET a.test/tool bytes=6-"}
	if !slices.Equal(s.requests()[1:4], want) {
		t.Errorf("asked %q, want %q", s.requests(), want)
	}
	checkLock(t, m, 2)
}

// TestFetchGivesUp: what upstream cannot send is built.
func TestFetchGivesUp(t *testing.T) {
	s := serve(t, toolFiles, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return r.Method == http.MethodGet
	})
	m := open(t)
	built, err := fill(t, m, s.upstream)
	if err != nil || built != 1 || !strings.Contains(strings.Join(s.said, "\n"), "it is built from source") {
		t.Errorf("built %d times, %v, said %q", built, err, s.said)
	}
	checkLock(t, m, 2)
}

// TestFetchRefusesAnotherFile: a wrong sum is named, and nothing is taken or built instead.
func TestFetchRefusesAnotherFile(t *testing.T) {
	s := serve(t, toolFiles, nil)
	s.sums["https://b.test/v1/tool.tar.gz"] = strings.Repeat("0", 64)
	m := open(t)
	built, err := fill(t, m, s.upstream)
	var wrong *wrongSum
	if !errors.As(err, &wrong) || wrong.url != "https://b.test/v1/tool.tar.gz" || built != 0 {
		t.Errorf("built %d times, %v", built, err)
	}
	for _, path := range []string{"a.test", "b.test", lockName, ".partial/" + strings.Repeat("0", 64)} {
		if _, err := os.Stat(m.path(path)); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}

// TestNoWayToUpstream: one question, and then all is built.
func TestNoWayToUpstream(t *testing.T) {
	s := serve(t, toolFiles, func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	m := open(t)
	built, err := fill(t, m, s.upstream)
	if err != nil || built != 1 || len(s.requests()) != 1 || !strings.Contains(s.said[0], "403") {
		t.Errorf("built %d times, asked %q, said %q, %v", built, s.requests(), s.said, err)
	}
}

// TestUpstreamKnowsTheLargeOnes: what takes minutes to build is fetched, and what has no published
// sum is not.
func TestUpstreamKnowsTheLargeOnes(t *testing.T) {
	t.Setenv("KBOOTSTRAP_CACHE", t.TempDir())
	u, err := newUpstream(DefaultKubernetes, "amd64", func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	recipes, err := catalogue(DefaultKubernetes, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	var fetched []string
	for _, r := range recipes {
		if u.has(r) {
			fetched = append(fetched, r.Name)
		}
	}
	want := []string{"runc", "cni-plugins", "etcd", "containerd", "docker", "kubernetes"}
	if !slices.Equal(fetched, want) {
		t.Errorf("fetched are %q, want %q", fetched, want)
	}
}
