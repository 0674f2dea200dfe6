package release

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
)

// TestDisputedLock: a lock that contradicts what a project published is refused, but for a mirror
// of which the inventory does not say whose builds it has.
func TestDisputedLock(t *testing.T) {
	yes, no := true, false
	for name, test := range map[string]struct {
		own          *bool
		mirror       bool
		refused      bool
		warned       bool
		indexChanged bool
	}{
		"upstream":          {refused: true},
		"upstream, index":   {refused: true, indexChanged: true},
		"mirror":            {mirror: true, warned: true},
		"mirror, not own":   {mirror: true, own: &no, refused: true},
		"mirror, own":       {mirror: true, own: &yes},
		"upstream, not own": {own: &no, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCluster(t)
			u := newUpstream(t, c, "amd64")
			u.lock(t, c)
			if test.indexChanged {
				c = newerCluster(t)
				c.Versions["pause"] = "3.10.2"
				lock := &Lock{Version: 2, Artifacts: []LockedEntry{{URL: "https://registry.k8s.io/pause/3.10.2.tar",
					SHA256: strings.Repeat("a", 64), Index: strings.Repeat("b", 64)}}}
				must(t, lock.Write(c.Artifacts.Lock))
			}
			c.Artifacts.OwnBuilds = test.own
			if test.mirror {
				c.Artifacts.Mirror = u.directory(t)
			}
			o := u.options(t.TempDir())
			var warnings []string
			o.Warn = func(text string) { warnings = append(warnings, text) }
			prepared := u.total()
			_, err := Resolve(t.Context(), c, "amd64", o)
			if refused := fault.Of(err) == fault.ArtifactDisputed; refused != test.refused {
				t.Errorf("refused: %t: %v", refused, err)
			}
			if !test.refused && err != nil {
				t.Error(err)
			}
			if test.refused && (!strings.Contains(err.Error(), "published "+builtInOf(test.indexChanged)) ||
				!strings.Contains(err.Error(), c.Artifacts.Lock)) {
				t.Errorf("the error does not show both sums: %v", err)
			}
			if test.refused && u.total() != prepared {
				t.Error("something was fetched")
			}
			if warned := len(warnings) == 1 && strings.Contains(warnings[0], "ownBuilds: true") &&
				strings.Contains(warnings[0], "kubelet v1.36.3"); warned != test.warned {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}

// builtInOf is one of the sums that a disputed lock contradicts.
func builtInOf(index bool) string {
	if index {
		return builtInIndex("registry.k8s.io/pause:3.10.2")
	}
	return "46707a53209f826ad0f0d62371ac69cd00e78fd9a8176cf5f6f87f18f7f8b718" // kubelet v1.36.3
}

// TestLockBesideTheInventory: it is used without being named, and what it lacks is built in.
func TestLockBesideTheInventory(t *testing.T) {
	c := fullCluster()
	c.File = filepath.Join(t.TempDir(), "hosts.yaml")
	c.Versions["etcd"] = "3.6.99"
	etcd := artifactOf(t, c, "etcd", "amd64")
	must(t, (&Lock{Version: 1, Artifacts: []LockedEntry{{URL: etcd.url, SHA256: strings.Repeat("a", 64)}}}).
		Write(LockPath(c)))
	list, err := List(c, "amd64", Options{Sources: testSources(), CacheDir: t.TempDir()})
	must(t, err)
	for _, a := range list {
		want := OriginBuiltIn
		if a.URL == etcd.url {
			want = OriginLock
		}
		if a.Origin != want && a.Component != "flannel" {
			t.Errorf("%s: from %q, want %q", a.URL, a.Origin, want)
		}
	}
}

func TestRecordNeverTrustsPlainHTTP(t *testing.T) {
	c := newerCluster(t)
	u := newUpstream(t, c, "amd64")
	prepared := u.total()
	c.Artifacts.Mirror = "http://mirror.example.com"
	_, err := RecordLock(t.Context(), c, []string{"amd64"}, c.Artifacts.Lock, u.options(t.TempDir()))
	if fault.Of(err) != fault.ArtifactInsecure || !strings.Contains(err.Error(), urlOf(t, c, "kubelet")) {
		t.Errorf("from a mirror: %v", err)
	}
	if u.total() != prepared {
		t.Error("something was fetched")
	}
	// The client takes registries with private addresses for ones without TLS.
	c.Artifacts.Mirror = ""
	a := artifactOf(t, c, "pause", "amd64")
	a.image = "10.0.0.1:5000/pause:3.10.99"
	_, err = newTestFetcher(t, c, u).all(t.Context(), []artifact{a})
	if fault.Of(err) != fault.ArtifactInsecure {
		t.Errorf("from a registry: %v", err)
	}
}

// TestRecordUnknown: what is built in needs no fetching to be locked.
func TestRecordUnknown(t *testing.T) {
	c := testCluster(t)
	c.Artifacts.OwnBuilds = nil
	c.Versions["etcd"] = "3.6.99"
	u := newUpstream(t, c, "amd64")
	lock, err := RecordUnknown(t.Context(), c, []string{"amd64"}, c.Artifacts.Lock, u.options(t.TempDir()))
	must(t, err)
	if len(lock.Artifacts) != 1 || lock.Artifacts[0].URL != urlOf(t, c, "etcd") || len(lock.Artifacts[0].Members) != 2 {
		t.Errorf("recorded: %+v", lock.Artifacts)
	}
}

// TestMembersAreLocked: with the sums of members in the lock, a user who can write to the index of
// the cache cannot exchange them; a lock of the older shape still works.
func TestMembersAreLocked(t *testing.T) {
	c := testCluster(t)
	u := newUpstream(t, c, "amd64")
	o := u.options(t.TempDir())
	u.lock(t, c) // of version 1
	_, err := Resolve(t.Context(), c, "amd64", o)
	must(t, err)
	lock, err := RecordLock(t.Context(), c, []string{"amd64"}, c.Artifacts.Lock, o)
	must(t, err)
	must(t, lock.Write(c.Artifacts.Lock))
	entry := lock.entries()[urlOf(t, c, "etcd")]
	if lock.Version != 2 || len(entry.Members) != 2 {
		t.Fatalf("recorded: version %d, %+v", lock.Version, entry)
	}

	// The index says that kubelet is what was in the archive of etcd.
	index := filepath.Join(o.CacheDir, "index", entry.SHA256+".json")
	text, err := os.ReadFile(index)
	must(t, err)
	etcd, kubelet := sum(fakeBinary("etcd", "amd64")), sum(fakeBinary("kubelet", "amd64"))
	tampered := bytes.ReplaceAll(text, []byte(etcd), []byte(kubelet))
	must(t, os.WriteFile(index, tampered, 0o600))
	s, err := Resolve(t.Context(), c, "amd64", o)
	must(t, err)
	if !bytes.Equal(read(t, s, "etcd"), fakeBinary("etcd", "amd64")) {
		t.Error("etcd is what the cache's index says")
	}

	// A lock whose member is not in the archive.
	for i, e := range lock.Artifacts {
		if e.URL == entry.URL {
			for path := range e.Members {
				lock.Artifacts[i].Members[path] = strings.Repeat("c", 64)
			}
		}
	}
	must(t, lock.Write(c.Artifacts.Lock))
	if _, err := Resolve(t.Context(), c, "amd64", o); fault.Of(err) != fault.ArtifactMismatch {
		t.Errorf("members that are not in the archive: %v", err)
	}
}

func TestExposedCache(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("whose the cache is cannot be tried without root")
	}
	for name, test := range map[string]struct {
		path string
		do   func(path string) error
	}{
		"directory that others write to": {"", func(p string) error { return os.Chmod(p, 0o777) }},
		"index that a group writes to":   {"index", func(p string) error { return os.Chmod(p, 0o770) }},
		"entry that others write to":     {"index/a.json", func(p string) error { return os.Chmod(p, 0o666) }},
		"blobs of another user": {"blobs", func(p string) error {
			if os.Getuid() != 0 {
				return os.Chmod(p, 0o722)
			}
			return os.Chown(p, 4242, -1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := openCache(dir)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, "index", "a.json"), []byte("{}"), 0o644)) // which others may read
			_, err = openCache(dir)
			must(t, err)
			must(t, test.do(filepath.Join(dir, test.path)))
			_, err = openCache(dir)
			if fault.Of(err) != fault.CacheExposed || !strings.Contains(err.Error(), filepath.Join(dir, test.path)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestImageID(t *testing.T) {
	config, other := `{"os":"linux"}`, `{"os":"windows"}`
	manifest := `{"config":{"digest":"sha256:` + sum([]byte(config)) + `"}}`
	described := func(text, arch string) string {
		return `{"digest":"sha256:` + sum([]byte(text)) + `","platform":{"os":"linux","architecture":"` + arch + `"}}`
	}
	index := `{"manifests":[` + described(manifest, "arm64") + `,` + described(other, "amd64") + `]}`
	blob := func(text string) string { return "blobs/sha256/" + sum([]byte(text)) }
	for name, test := range map[string]struct {
		files [][2]string
		want  string
		err   string
	}{
		"docker save": {[][2]string{{"a.json", config}, {"manifest.json", `[{"Config":"a.json","Layers":[]}]`}},
			sum([]byte(config)), ""},
		"configuration last": {[][2]string{{"manifest.json", `[{"Config":"a.json"}]`}, {"./a.json", config}},
			sum([]byte(config)), ""},
		"a layout": {[][2]string{{blob(config), config}, {blob(manifest), manifest}, {blob(index), index},
			{"index.json", `{"manifests":[{"digest":"sha256:` + sum([]byte(index)) + `"}]}`}}, sum([]byte(config)), ""},
		"several images": {[][2]string{{"a.json", config},
			{"manifest.json", `[{"Config":"a.json"},{"Config":"a.json"}]`}}, "", "one image"},
		"no configuration": {[][2]string{{"manifest.json", `[{"Config":"a.json"}]`}}, "", "one image"},
		"nothing":          {nil, "", "no index.json"},
		"a loop": {[][2]string{{"index.json", `{"manifests":[{"digest":"../../index.json"}]}`}}, "",
			"blobs/../../index.json"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			w := tar.NewWriter(&b)
			for _, f := range test.files {
				must(t, w.WriteHeader(&tar.Header{Name: f[0], Typeflag: tar.TypeReg, Size: int64(len(f[1]))}))
				_, err := w.Write([]byte(f[1]))
				must(t, err)
			}
			must(t, w.Close())
			got, err := imageID(&b, "arm64")
			if got != test.want || (err == nil) != (test.err == "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), test.err) || fault.Of(err) != fault.ArtifactNotIt) {
				t.Errorf("the error is %v, code %q", err, fault.Of(err))
			}
		})
	}
}
