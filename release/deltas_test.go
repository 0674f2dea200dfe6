package release

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/delta"
)

// TestDeltas: a program that is like another one gets a delta, which is made once; where it would
// be no shorter, or the other one is not wanted, there is none.
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
	a := artifact{members: []member{
		{name: "first"}, {name: "second", like: []string{"absent", "first"}},
		{name: "foreign", like: []string{"first"}},
	}}
	contents := map[string]Content{}
	for name, raw := range raws {
		staged, err := c.stage(bytes.NewReader(raw), 1<<20)
		must(t, err)
		s, err := staged.publish(c)
		must(t, err)
		contents[name] = c.content(member{name: name, path: name}, entry{Members: map[string]stored{name: s}})
	}
	must(t, c.addDeltas(t.Context(), []artifact{a}, contents))
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

	before, err := os.Stat(d.path)
	must(t, err)
	second := contents["second"]
	second.Deltas = nil
	contents["second"] = second
	must(t, c.addDeltas(t.Context(), []artifact{a}, contents))
	after, err := os.Stat(d.path)
	must(t, err)
	if !os.SameFile(before, after) || !slices.Equal(contents["second"].Deltas, []Delta{d}) {
		t.Errorf("it was made again: %v", contents["second"].Deltas)
	}

	must(t, os.Remove(d.path))
	must(t, os.WriteFile(contents["first"].path, []byte("damaged"), 0o600))
	if err := c.addDeltas(t.Context(), []artifact{a}, contents); err == nil {
		t.Error("a damaged base was taken")
	}
}
