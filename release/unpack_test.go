package release

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnpackRefuses(t *testing.T) {
	small := limits{member: 10_000, total: 50_000, entries: 10}
	wanted := []member{{name: "etcd", path: "v/etcd"}, {name: "etcdctl", path: "v/etcdctl"}}
	file := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	bytesFor := func(sizes map[string]int) func(tar.Header) []byte {
		return func(h tar.Header) []byte { return make([]byte, max(1, sizes[h.Name])) }
	}
	many := make([]tar.Header, 20)
	for i := range many {
		many[i] = file("v/x" + strings.Repeat("x", i))
	}
	for name, test := range map[string]struct {
		archive []byte
		want    string
	}{
		"climbs out": {fakeArchive(t, []tar.Header{file("../etcd")}, bytesFor(nil)),
			`"../etcd" leads out of the archive`},
		"climbs out inside": {fakeArchive(t, []tar.Header{file("v/../../etcd")}, bytesFor(nil)),
			"leads out of the archive"},
		"absolute": {fakeArchive(t, []tar.Header{file("/usr/bin/etcd")}, bytesFor(nil)),
			"leads out of the archive"},
		"missing member": {fakeArchive(t, []tar.Header{file("v/etcd"), file("etcdctl")}, bytesFor(nil)),
			"has no v/etcdctl"},
		"empty": {fakeArchive(t, nil, bytesFor(nil)), "has no v/etcd, v/etcdctl"},
		"a link": {
			fakeArchive(t, []tar.Header{{Name: "v/etcd", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"}},
				bytesFor(nil)),
			`"v/etcd" is not a regular file`,
		},
		"a hard link": {
			fakeArchive(t, []tar.Header{{Name: "v/etcd", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"}},
				bytesFor(nil)),
			`"v/etcd" is not a regular file`,
		},
		"twice": {fakeArchive(t, []tar.Header{file("v/etcd"), file("./v/etcd")}, bytesFor(nil)),
			`"v/etcd" is there twice`},
		"a large member": {
			fakeArchive(t, []tar.Header{file("v/etcd")}, bytesFor(map[string]int{"v/etcd": 20_000})),
			"larger than any known release",
		},
		"a large member that is not wanted": {
			fakeArchive(t, []tar.Header{file("v/other"), file("v/etcd")}, bytesFor(map[string]int{"v/other": 1 << 20})),
			"larger than any known release",
		},
		"many members": {fakeArchive(t, many, bytesFor(nil)), "more than 10 members"},
		"no gzip":      {[]byte("\x7fELF and more"), "not a gzipped archive"},
		"a cut archive": {fakeArchive(t, []tar.Header{file("v/etcd"), file("v/etcdctl")}, bytesFor(nil))[:60],
			"unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := openCache(t.TempDir())
			must(t, err)
			_, err = c.store(context.Background(), artifact{archive: true, members: wanted},
				bytes.NewReader(test.archive),
				small)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			leftovers(t, c.dir)
			if kept := blobs(t, c.dir); len(kept) > 0 {
				t.Errorf("kept: %v", kept)
			}
		})
	}
}

func TestUnpackBoundsBareArtifacts(t *testing.T) {
	c, err := openCache(t.TempDir())
	must(t, err)
	_, err = c.store(context.Background(), artifact{members: []member{{name: "runc"}}},
		bytes.NewReader(make([]byte, 101)), limits{member: 100})
	if err == nil || !strings.Contains(err.Error(), errTooLarge.Error()) {
		t.Errorf("got %v", err)
	}
	e, err := c.store(context.Background(), artifact{members: []member{{name: "runc"}}},
		bytes.NewReader(make([]byte, 100)), limits{member: 100})
	if err != nil || e.Members[""].Size != 100 || e.Members[""].SHA256 != sum(make([]byte, 100)) {
		t.Errorf("got %+v, %v", e, err)
	}
	leftovers(t, c.dir)
}

// TestUnpackedArchiveIsNotWrittenByName makes sure that an archive's names end nowhere.
func TestUnpackedArchiveIsNotWrittenByName(t *testing.T) {
	c, err := openCache(t.TempDir())
	must(t, err)
	archive := fakeArchive(t, []tar.Header{{Name: "./bin/ctr", Typeflag: tar.TypeReg}},
		func(tar.Header) []byte { return []byte("ctr") })
	a := artifact{archive: true, members: []member{{name: "ctr", path: "bin/ctr"}}}
	e, err := c.store(context.Background(), a, bytes.NewReader(archive), defaultLimits)
	must(t, err)
	if got := e.Members["bin/ctr"].SHA256; got != sum([]byte("ctr")) {
		t.Errorf("sum %s", got)
	}
	must(t, filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), "ctr") {
			t.Errorf("%s is there", path)
		}
		return err
	}))
}
