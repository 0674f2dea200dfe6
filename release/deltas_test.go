package release

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/delta"
)

// TestDeltas: a program that is like another one has a delta once it was made; where it would be no
// shorter, or the other one is not wanted, there is none.
func TestDeltas(t *testing.T) {
	c, err := openCache(filepath.Join(t.TempDir(), "cache"))
	must(t, err)
	shared := make([]byte, 1<<16)
	for i := range shared {
		shared[i] = byte(i * i >> 3)
	}
	raws := map[string][]byte{
		"first": shared, "second": append([]byte("the second, "), shared...), "foreign": []byte("nothing in common"),
	}
	members := []member{
		{name: "first"}, {name: "second", like: []string{"absent", "first"}},
		{name: "foreign", like: []string{"first"}},
	}
	contents := map[string]Content{}
	for name, raw := range raws {
		staged, err := c.stage(bytes.NewReader(raw), 1<<20)
		must(t, err)
		s, err := staged.publish(c)
		must(t, err)
		contents[name] = c.content(member{name: name, path: name}, entry{Members: map[string]stored{name: s}})
	}
	lacking, err := c.withDeltas(members, contents)
	must(t, err)
	if len(lacking) != 2 || len(contents["second"].Deltas) > 0 {
		t.Fatalf("%v are not there", lacking)
	}
	s := &Set{cache: c, lacking: lacking, making: new(sync.WaitGroup)}
	must(t, s.MakeDeltas(t.Context()))
	lacking, err = c.withDeltas(members, contents)
	must(t, err)
	if len(lacking) > 0 {
		t.Errorf("%v are not there", lacking)
	}
	if len(contents["first"].Deltas)+len(contents["foreign"].Deltas) > 0 {
		t.Errorf("deltas of %v and %v", contents["first"], contents["foreign"])
	}
	if len(contents["second"].Deltas) != 1 {
		t.Fatalf("%d deltas", len(contents["second"].Deltas))
	}
	d := contents["second"].Deltas[0]
	stream, err := d.Open()
	must(t, err)
	defer stream.Close()
	z, err := zstd.NewReader(stream)
	must(t, err)
	defer z.Close()
	var got bytes.Buffer
	must(t, delta.Decode(&got, bytes.NewReader(raws["first"]), z))
	if !bytes.Equal(got.Bytes(), raws["second"]) || d.Base != contents["first"].SHA256 {
		t.Errorf("another content, next to %s", d.Base)
	}

	// The end of the run is no error, a damaged base is one, and neither leaves a file.
	must(t, os.Remove(d.path))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, s.MakeDeltas(ended))
	must(t, os.WriteFile(contents["first"].path, []byte("damaged"), 0o600))
	if err := s.MakeDeltas(t.Context()); err == nil {
		t.Error("a damaged base was taken")
	}
	for _, dir := range []string{c.tmp(), filepath.Dir(d.path)} {
		files, err := os.ReadDir(dir)
		must(t, err)
		for _, f := range files {
			if filepath.Join(dir, f.Name()) == d.path || dir == c.tmp() {
				t.Errorf("%s is left", f.Name())
			}
		}
	}
}
