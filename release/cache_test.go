package release

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kbootstrap/inventory"
)

func TestPoisonedCacheIsFetchedAgain(t *testing.T) {
	for name, poison := range map[string]func(t *testing.T, blob, index string){
		"truncated": func(t *testing.T, blob, _ string) {
			must(t, os.Truncate(blob, 100))
		},
		"truncated, with the old time": func(t *testing.T, blob, _ string) {
			info, err := os.Stat(blob)
			must(t, err)
			must(t, os.Truncate(blob, 100))
			must(t, os.Chtimes(blob, time.Time{}, info.ModTime()))
		},
		"empty": func(t *testing.T, blob, _ string) {
			must(t, os.Truncate(blob, 0))
		},
		"same size, other bytes": func(t *testing.T, blob, _ string) {
			b, err := os.ReadFile(blob)
			must(t, err)
			b[len(b)/2] ^= 0xff
			must(t, os.WriteFile(blob, b, 0o600))
			// Without this a file system with coarse times could show the old time.
			must(t, os.Chtimes(blob, time.Time{}, time.Now().Add(time.Hour)))
		},
		"removed": func(t *testing.T, blob, _ string) {
			must(t, os.Remove(blob))
		},
		"a directory": func(t *testing.T, blob, _ string) {
			must(t, os.Remove(blob))
			must(t, os.Mkdir(blob, 0o700))
		},
		"index damaged": func(t *testing.T, _, index string) {
			must(t, os.WriteFile(index, []byte(`{"size":12,"mem`), 0o600))
		},
		"index of another content": func(t *testing.T, _, index string) {
			// It points to a content that is in the cache and as it should be, but is not a
			// kubelet.
			cache := cache{filepath.Dir(filepath.Dir(index))}
			kubelet, ok := cache.recorded(sum(fakeBinary("kubelet", "amd64")))
			runc, found := cache.recorded(sum(fakeBinary("runc", "amd64")))
			if !ok || !found {
				t.Fatal("not in the index")
			}
			runc.Size = kubelet.Size
			text, err := json.Marshal(runc)
			must(t, err)
			must(t, os.WriteFile(index, text, 0o600))
		},
		"index of another file": func(t *testing.T, _, index string) {
			must(t, os.WriteFile(index, []byte(`{"size":12,"members":{"":{"sha256":"../../../etc/passwd"}}}`), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCluster(t)
			u := newUpstream(t, c, "amd64")
			u.lock(t, c)
			o := u.options(t.TempDir())
			s, err := Resolve(context.Background(), c, "amd64", o)
			must(t, err)
			kubelet, err := s.Content("kubelet")
			must(t, err)
			poison(t, kubelet.path, filepath.Join(o.CacheDir, "index", kubelet.SHA256+".json"))
			before := u.total()
			s, err = Resolve(context.Background(), c, "amd64", o)
			must(t, err)
			read(t, s, "kubelet")
			if n := u.total() - before; n != 1 {
				t.Errorf("%d requests, want that of the kubelet only", n)
			}
		})
	}
}

func TestTouchedCacheIsReadAndKept(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	o := u.options(t.TempDir())
	s, err := Resolve(context.Background(), c, "amd64", o)
	must(t, err)
	etcd, err := s.Content("etcd")
	must(t, err)
	later := time.Now().Add(time.Hour).Truncate(time.Second)
	must(t, os.Chtimes(etcd.path, time.Time{}, later))
	before := u.total()
	s, err = Resolve(context.Background(), c, "amd64", o)
	must(t, err)
	read(t, s, "etcd")
	if n := u.total() - before; n != 0 {
		t.Errorf("%d requests for what was only touched", n)
	}
	index, err := os.ReadFile(filepath.Join(o.CacheDir, "index",
		sum(u.files[strings.TrimPrefix(urlOf(t, c, "etcd"), "https://")])+".json"))
	must(t, err)
	if !strings.Contains(string(index), fmt.Sprintf(`"modified":%d`, later.UnixNano())) {
		t.Errorf("the new stamp is not recorded: %s", index)
	}
}

// TestOneArtifactWithManyUses is a mirror that serves one archive under several names: all have the
// same sum.
func TestOneArtifactWithManyUses(t *testing.T) {
	c, err := openCache(t.TempDir())
	must(t, err)
	both := fakeArchive(t, []tar.Header{{Name: "a", Typeflag: tar.TypeReg}, {Name: "b", Typeflag: tar.TypeReg}},
		func(h tar.Header) []byte { return []byte(h.Name) })
	dir := t.TempDir()
	from := placesOf(inventory.Artifacts{Mirror: dir})
	f := &fetcher{cache: c, places: from, progress: &progress{}, limits: defaultLimits}
	var artifacts []artifact
	for _, name := range []string{"a", "b"} {
		must(t, os.MkdirAll(filepath.Join(dir, "example.com"), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "example.com", name), both, 0o644))
		artifacts = append(artifacts, artifact{url: "https://example.com/" + name, archive: true,
			members: []member{{name: name, path: name}}, sum: sum(both)})
	}
	_, err = f.all(context.Background(), artifacts)
	must(t, err)
	for _, a := range artifacts {
		if _, ok := c.fresh(a); !ok {
			t.Errorf("%s is not in the cache", a.url)
		}
	}
}

// TestRemovedContent: a content that is gone from the cache is fetched again.
func TestRemovedContent(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	o := u.options(t.TempDir())
	s, err := Resolve(context.Background(), c, "amd64", o)
	must(t, err)
	runc, err := s.Content("runc")
	must(t, err)
	must(t, os.Remove(runc.path))
	if _, err := runc.Open(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opened what was removed: %v", err)
	}
	s, err = Resolve(context.Background(), c, "amd64", o)
	must(t, err)
	read(t, s, "runc")
	if n := u.asked(urlOf(t, c, "runc")); n != 2 {
		t.Errorf("fetched %d times, want 2", n)
	}
}

func TestCacheIsSwept(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	o := u.options(t.TempDir())
	tmp := filepath.Join(o.CacheDir, "tmp")
	must(t, os.MkdirAll(tmp, 0o700))
	for _, name := range []string{"old", "new"} {
		must(t, os.WriteFile(filepath.Join(tmp, name), nil, 0o600))
	}
	must(t, os.Chtimes(filepath.Join(tmp, "old"), time.Time{}, time.Now().Add(-2*staleAfter)))
	_, err := Resolve(context.Background(), c, "amd64", o)
	must(t, err)
	files, err := os.ReadDir(tmp)
	must(t, err)
	if len(files) != 1 || files[0].Name() != "new" {
		t.Errorf("left in tmp: %v", files)
	}
}

// TestParallelResolves is two clusters being made from one process.
func TestParallelResolves(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	u.lock(t, c)
	o := u.options(t.TempDir())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Resolve(context.Background(), c, "amd64", o)
			if err != nil {
				t.Error(err)
				return
			}
			for _, name := range names(s) {
				read(t, s, name)
			}
		})
	}
	wg.Wait()
	for at := range u.files {
		if n := u.asked("https://" + at); n > 1 {
			t.Errorf("%s was fetched %d times", at, n)
		}
	}
	leftovers(t, o.CacheDir)
}

// resolverDir makes the test binary a process that resolves from the mirror, lock and cache in that
// directory.
const resolverDir = "KBOOTSTRAP_TEST_RESOLVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(resolverDir); dir != "" {
		os.Exit(resolver(dir))
	}
	os.Exit(m.Run())
}

func resolver(dir string) int {
	c := fullCluster()
	c.Artifacts.Lock, c.Artifacts.Mirror = filepath.Join(dir, "artifacts.lock"), filepath.Join(dir, "mirror")
	// All begin when the test closes it.
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	o := Options{Sources: testSources(), CacheDir: filepath.Join(dir, "cache")}
	s, err := Resolve(context.Background(), c, "amd64", o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, name := range names(s) {
		content, err := s.Content(name)
		if err == nil {
			err = verifyBlob(content.path, stored{SHA256: content.SHA256, Size: content.Size})
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			return 1
		}
	}
	return 0
}

// TestParallelProcesses lets processes race for an empty cache.
func TestParallelProcesses(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	dir := t.TempDir()
	must(t, os.Rename(u.directory(t), filepath.Join(dir, "mirror")))
	c.Artifacts.Lock = filepath.Join(dir, "artifacts.lock")
	u.lock(t, c)
	start, hold, err := os.Pipe()
	must(t, err)
	defer start.Close()
	var commands []*exec.Cmd
	var outputs [4]bytes.Buffer
	for i := range outputs {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), resolverDir+"="+dir)
		cmd.Stdin, cmd.Stderr = start, &outputs[i]
		must(t, cmd.Start())
		commands = append(commands, cmd)
	}
	must(t, hold.Close())
	for i, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, outputs[i].String())
		}
	}
	cacheDir := filepath.Join(dir, "cache")
	leftovers(t, cacheDir)
	if n := len(blobs(t, cacheDir)); n != len(allNames) {
		t.Errorf("%d contents in the cache, want %d", n, len(allNames))
	}
}
