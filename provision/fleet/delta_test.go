package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/delta"
	"kbootstrap/release"
)

// program is a content in a file of the test's.
func program(t *testing.T, name string, raw []byte) release.Content {
	t.Helper()
	sum := sha256.Sum256(raw)
	c, err := release.FileContent(name, file(t, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	}), hex.EncodeToString(sum[:]), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// file returns the path of a compressed file.
func file(t *testing.T, fill func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(z); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "content.zst")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFeedSendsDeltas: a host that got the base gets a delta, one that did not the content; and a
// delta that makes something else is followed by the content. A delta to nothing is for all.
func TestFeedSendsDeltas(t *testing.T) {
	raw := bytes.Repeat([]byte("what both programs have; "), 1000)
	base := program(t, "base", raw)
	other := program(t, "other", append([]byte("one of them has more: "), raw...))
	wrong := program(t, "wrong", []byte("damaged"))
	for i, c := range []*release.Content{&other, &wrong} {
		path := file(t, func(w io.Writer) error {
			return delta.Encode(w, raw, append([]byte("one of them has more: "), raw...))
		})
		d, err := release.FileDelta(path, base.SHA256)
		if err != nil {
			t.Fatal(i, err)
		}
		c.Deltas = []release.Delta{d}
	}
	alone := program(t, "alone", raw[1:])
	toNothing := file(t, func(w io.Writer) error { return delta.Encode(w, nil, raw[1:]) })
	d, err := release.FileDelta(toNothing, release.Nothing)
	if err != nil {
		t.Fatal(err)
	}
	alone.Deltas = []release.Delta{d}
	m1, root := newMachine(t, "m1")
	m2, _ := newMachine(t, "m2")
	sent := make(chan Event, 9)
	feed := NewFeed(Fleet{"m1": m1, "m2": m2}, func(e Event) {
		if e.Kind == EventSent {
			sent <- e
		}
	}, Round{Contents: map[string][]release.Content{"m1": {base, other, wrong}, "m2": {other, alone}}})
	begin(t, feed)
	bytesOf := map[string]int64{}
	for range 5 {
		e := <-sent
		bytesOf[e.Host+" "+e.Text] = e.Bytes
	}
	for name, want := range map[string]int64{
		"m1 base": base.Compressed, "m1 other": other.Deltas[0].Compressed, "m1 wrong": wrong.Compressed,
		"m2 other": other.Compressed, "m2 alone": d.Compressed,
	} {
		if bytesOf[name] != want {
			t.Errorf("%s: %d bytes, not %d", name, bytesOf[name], want)
		}
	}
	if err := m1.Client.Converge(t.Context(), "a", append(wants(other), wants(wrong)...), nil); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "opt/wrong"))
	if err != nil || string(got) != "damaged" {
		t.Errorf("%q %v", got, err)
	}
}
