package node

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/delta"
)

// deltaTo returns the delta of a content to a base, compressed.
func (c content) deltaTo(t *testing.T, base content) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := delta.Encode(&text, base.plain, c.plain); err != nil {
		t.Fatal(err)
	}
	return compress(t, text.Bytes()).zstd
}

// TestReceiveDelta: a delta makes the content of a base that is in the store, or that became a file
// of the host; one that was changed there makes nothing.
func TestReceiveDelta(t *testing.T) {
	root := t.TempDir()
	b := newBlobs(root)
	if err := b.prepare(); err != nil {
		t.Fatal(err)
	}
	base := random(t, 1<<20)
	receive := func(c content, base string, stream []byte) error {
		u := Upload{Sum: c.sum, Size: int64(len(c.plain)), Base: base}
		return b.receive(t.Context(), u, bytes.NewReader(stream))
	}
	if err := receive(base, "", base.zstd); err != nil {
		t.Fatal(err)
	}
	// A delta finds what moved by a multiple of 16 bytes, as functions of programs do.
	target := func(own string) content {
		return compress(t, append(bytes.Repeat([]byte(own), 16), base.plain...))
	}
	stored := target("next to what is in the store")
	stream := stored.deltaTo(t, base)
	if len(stream) > len(stored.zstd)/10 {
		t.Fatalf("the delta has %d bytes, the content %d", len(stream), len(stored.zstd))
	}
	if err := receive(stored, base.sum, stream); err != nil {
		t.Error(err)
	}

	blob, err := b.open(t.Context(), base.sum, func() {})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "program")
	if err := os.Rename(blob.Path(), path); err != nil {
		t.Fatal(err)
	}
	if err := blob.Close(); err != nil {
		t.Fatal(err)
	}
	taken := target("next to what became a file")
	if err := receive(taken, base.sum, taken.deltaTo(t, base)); err != nil {
		t.Error(err)
	}

	for _, damage := range []struct {
		name string
		do   func() error
	}{
		{"changed", func() error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte("another"), 1000)
			return err
		}},
		{"cut off", func() error { return os.Truncate(path, 1000) }},
	} {
		if err := damage.do(); err != nil {
			t.Fatal(err)
		}
		c := target(damage.name)
		err := receive(c, base.sum, c.deltaTo(t, base))
		if err == nil || damage.name == "changed" && fault.Of(err) != fault.ContentDamaged {
			t.Errorf("%s: %v", damage.name, err)
		}
		if missing, err := b.missing([]string{c.sum}); err != nil || len(missing) != 1 {
			t.Errorf("%s: it is there, %v", damage.name, err)
		}
		if err := receive(c, "", c.zstd); err != nil {
			t.Errorf("%s: the content itself: %v", damage.name, err)
		}
	}
	for _, sum := range []string{strings.Repeat("ab", 32), "../../etc/shadow"} {
		c := target("to nothing")
		if err := receive(c, sum, c.deltaTo(t, base)); err == nil {
			t.Errorf("a delta to %s was taken", sum)
		}
	}
}

// TestReceiveDeltaToNothing: what begins on a host comes as a delta to nothing, and is passed on as
// that.
func TestReceiveDeltaToNothing(t *testing.T) {
	b := newBlobs(t.TempDir())
	if err := b.prepare(); err != nil {
		t.Fatal(err)
	}
	c := random(t, 1<<20)
	var text bytes.Buffer
	if err := delta.Encode(&text, nil, c.plain); err != nil {
		t.Fatal(err)
	}
	stream := compress(t, text.Bytes()).zstd
	u := Upload{Sum: c.sum, Size: int64(len(c.plain)), Base: delta.Nothing, Keep: true}
	if err := b.receive(t.Context(), u, bytes.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(b.path(c.sum)); err != nil || !bytes.Equal(got, c.plain) {
		t.Errorf("%d bytes arrived, %v", len(got), err)
	}
	kept, err := b.openStream(c.sum, delta.Nothing)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if got, err := io.ReadAll(kept); err != nil || !bytes.Equal(got, stream) {
		t.Errorf("%d bytes are passed on, %v; %d came", len(got), err, len(stream))
	}
}
