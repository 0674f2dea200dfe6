package components

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOtherMirror: what the mirror of another machine has comes from there, below its own path. A
// file that is not that of its lock file is not taken.
func TestOtherMirror(t *testing.T) {
	files := map[string]string{}
	var sums []locked
	for name, text := range toolFiles {
		files["/team/mirror/"+name] = text
		sums = append(sums, locked{URL: "https://" + name, SHA256: sumOf(text), Size: int64(len(text))})
	}
	lock, err := mergedLock(nil, sums)
	if err != nil {
		t.Fatal(err)
	}
	files["/team/mirror/"+lockName] = string(lock)
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		text, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}))
	t.Cleanup(server.Close)
	base := server.URL + "/team/mirror/"
	u, err := otherMirror(t.Context(), base, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	u.pause = time.Millisecond

	m := open(t)
	if built, err := fill(t, m, u); err != nil || built != 0 {
		t.Fatalf("built %d times, %v", built, err)
	}
	checkLock(t, m, 2)

	// What only the benchmark needs is not fetched, though the mirror has it, and is not missed.
	for range 2 {
		r := toolRecipe(new(int))
		r.Name, r.BenchmarkOnly = "benchmarked", r.Artifacts[1].URL
		asked = nil
		if err := fillMirror(t.Context(), m, []recipe{r}, u, func(string) {}); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(asked, "/team/mirror/b.test/v1/tool.tar.gz") {
			t.Errorf("asked for %q", asked)
		}
	}
	if len(asked) != 0 {
		t.Errorf("asked for %q again", asked)
	}
	if text, err := os.ReadFile(m.path("a.test", "tool")); err != nil || string(text) != toolFiles["a.test/tool"] {
		t.Errorf("got %q, %v", text, err)
	}
	for _, name := range slices.Sorted(maps.Keys(toolFiles)) {
		files["/team/mirror/"+name] = "something else"
	}
	if _, err := fill(t, open(t), u); err == nil || !strings.Contains(err.Error(), "nothing of it was taken") {
		t.Errorf("another file: %v", err)
	}
}

// TestNoOtherMirror: what is no mirror is told, and nothing is built instead of it.
func TestNoOtherMirror(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page/" + lockName:
			_, _ = w.Write([]byte("<html>"))
		case "/newer/" + lockName:
			_, _ = w.Write([]byte("version: 2\nartifacts: []\n"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	for from, want := range map[string]string{
		"lab.example":         "not the http or https URL",
		"file:///mirror":      "not the http or https URL",
		server.URL:            "404",
		server.URL + "/page":  "is no lock file",
		server.URL + "/newer": "version 2",
		"http://127.0.0.1:1":  "connection refused",
	} {
		_, err := otherMirror(t.Context(), from, func(string) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", from, err)
		}
	}
}
