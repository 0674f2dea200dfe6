package release

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kbootstrap/fault"
)

// TestDownload fetches one artifact that the server answers for in its own way.
func TestDownload(t *testing.T) {
	good := fakeBinary("kubelet", "amd64")
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not now", code) }
	}
	// after answers n times with one handler and then with the file.
	after := func(n int32, first http.HandlerFunc) http.HandlerFunc {
		var count atomic.Int32
		return func(w http.ResponseWriter, r *http.Request) {
			if count.Add(1) <= n {
				first(w, r)
				return
			}
			send(w, good)
		}
	}
	truncated := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(good)))
		send(w, good[:1000])
	}
	short := func(w http.ResponseWriter, _ *http.Request) { send(w, good[:1000]) }
	html := func(w http.ResponseWriter, _ *http.Request) {
		send(w, []byte("\n<!DOCTYPE html><title>Log in</title>"))
	}
	other := func(w http.ResponseWriter, _ *http.Request) {
		bad := append([]byte{}, good...)
		bad[len(bad)-1] ^= 1
		send(w, bad)
	}
	long := func(w http.ResponseWriter, _ *http.Request) { send(w, append(append([]byte{}, good...), "more"...)) }

	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   []string // in the error; nil when it is fetched after all
		asked  int
		code   fault.Code
	}{
		"good":           {after(0, nil), nil, 1, ""},
		"truncated":      {truncated, []string{"cut off after 1000 of"}, 5, fault.ArtifactUnreachable},
		"truncated once": {after(1, truncated), nil, 2, ""},
		"truncated without length": {short, []string{"sha256 is " + sum(good[:1000]), "expected " + sum(good),
			"1000 bytes"}, 2, fault.ArtifactMismatch},
		"html":      {html, []string{"an HTML page", "expected " + sum(good)}, 2, fault.ArtifactNotIt},
		"html once": {after(1, html), nil, 2, ""},
		"wrong sum": {other, []string{"sha256 is ", "expected " + sum(good)},
			2, fault.ArtifactMismatch},
		"longer than the lock says": {long, []string{"more than"}, 2, fault.ArtifactMismatch},
		"429 then good":             {after(2, status(http.StatusTooManyRequests)), nil, 3, ""},
		"503 for ever": {status(http.StatusServiceUnavailable), []string{"503 Service Unavailable"}, 5,
			fault.ArtifactUnreachable},
		"404": {status(http.StatusNotFound), []string{"404 Not Found"}, 1, fault.ArtifactRefused},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://objects.example.net/kubelet?signature=secret", http.StatusFound)
		}, nil, 1, ""},
		"redirect to http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://objects.example.net/kubelet?signature=secret", http.StatusFound)
		}, []string{"redirected from https to http"}, 5, fault.ArtifactUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCluster(t)
			u := newUpstream(t, c, "amd64")
			u.lock(t, c)
			at := urlOf(t, c, "kubelet")
			u.set(at, test.answer)
			u.set("https://objects.example.net/kubelet", after(0, nil))
			o := u.options(t.TempDir())
			s, err := Resolve(context.Background(), c, "amd64", o)
			if n := u.asked(at); n != test.asked {
				t.Errorf("requested %d times, want %d", n, test.asked)
			}
			leftoversButParts(t, o.CacheDir)
			if test.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				if string(read(t, s, "kubelet")) != string(good) {
					t.Error("another content")
				}
				return
			}
			var failed *FetchError
			if !errors.As(err, &failed) || len(failed.Problems) != 1 {
				t.Fatalf("got %v", err)
			}
			if code := fault.Of(err); code != test.code {
				t.Errorf("code %q, want %q: %v", code, test.code, err)
			}
			for _, text := range append(test.want, at) {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error does not say %q: %v", text, err)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the signature: %v", err)
			}
			// Nothing of it is kept, and all the others are.
			u.set(at, nil)
			before := u.total()
			if _, err := Resolve(context.Background(), c, "amd64", o); err != nil {
				t.Fatal(err)
			}
			if n := u.total() - before; n != 1 {
				t.Errorf("the next run made %d requests, want 1", n)
			}
			leftovers(t, o.CacheDir)
		})
	}
}

func TestDownloadTellsOfAllFailures(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	broken := []string{urlOf(t, c, "kubelet"), urlOf(t, c, "etcd"), urlOf(t, c, "bridge")}
	for _, at := range broken {
		u.set(at, http.NotFound)
	}
	_, err := Resolve(context.Background(), c, "amd64", u.options(t.TempDir()))
	var failed *FetchError
	if !errors.As(err, &failed) || len(failed.Problems) != len(broken) {
		t.Fatalf("got %v", err)
	}
	for _, at := range broken {
		if !strings.Contains(err.Error(), at+": 404 Not Found") {
			t.Errorf("the error does not tell of %s: %v", at, err)
		}
	}
}

func TestDownloadEndsWithTheContext(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	u.set(urlOf(t, c, "kubelet"), func(w http.ResponseWriter, r *http.Request) {
		send(w, []byte("\x7fELF"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
	})
	o := u.options(t.TempDir())
	_, err := Resolve(ctx, c, "amd64", o)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	leftoversButParts(t, o.CacheDir)
}

// The waits would end the test's patience if they were not bounded.
func TestRetryWaitsNoLongerThanItMay(t *testing.T) {
	p := retryPolicy{attempts: 3, base: time.Hour, longest: time.Millisecond}
	n := 0
	err := p.do(context.Background(), func() error {
		n++
		return &transientError{err: errors.New("busy"), after: time.Hour}
	})
	if n != 3 || err == nil || err.Error() != "busy" {
		t.Errorf("%d attempts, then %v", n, err)
	}
}

func TestRetryStopsWaitingWithTheContext(t *testing.T) {
	p := retryPolicy{attempts: 3, base: time.Hour, longest: time.Hour}
	ctx, cancel := context.WithCancel(context.Background())
	err := p.do(ctx, func() error {
		time.AfterFunc(time.Millisecond, cancel)
		return &transientError{err: errors.New("busy")}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPullFromRegistry(t *testing.T) {
	c := testCluster(t)
	manifest := "https://registry.k8s.io/v2/pause/manifests/3.10.2"
	for name, test := range map[string]struct {
		status int
		want   string
		asked  int
	}{
		"not there":       {http.StatusNotFound, "404", 1},
		"busy for ever":   {http.StatusServiceUnavailable, "503", 5},
		"too many":        {http.StatusTooManyRequests, "429", 5},
		"not for anybody": {http.StatusForbidden, "403", 1},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t, c, "amd64")
			u.lock(t, c)
			before := u.asked(manifest)
			u.set(manifest, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) })
			_, err := Resolve(context.Background(), c, "amd64",
				u.options(t.TempDir()))
			var failed *FetchError
			if !errors.As(err, &failed) || len(failed.Problems) != 1 ||
				!strings.Contains(err.Error(), "registry.k8s.io/pause:3.10.2") ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			if n := u.asked(manifest) - before; n != test.asked {
				t.Errorf("requested %d times, want %d", n, test.asked)
			}
		})
	}
}
