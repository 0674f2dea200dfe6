package remote

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/internal/packed"
)

// unpacked is what a packed agent is.
func unpacked(t *testing.T, p *packedAgent) string {
	t.Helper()
	z, err := gzip.NewReader(p.reader())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPackedOnce: a build is packed quickly for the first run, shorter for later ones, and for each
// run where there is no cache. A form that may be damaged is forgotten.
func TestPackedOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var program strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&program, "a program that says much the same, but for %d and %d\n", i*i, i*7919%1013)
	}
	text := program.String()
	path := filepath.Join(t.TempDir(), "agent")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	pack := func() (*Agents, *binary, *packedAgent) {
		a := &Agents{}
		b, err := a.named(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.packed()
		if err != nil {
			t.Fatal(err)
		}
		for host := range 2 {
			if unpacked(t, p) != text {
				t.Fatalf("host %d gets another program", host)
			}
		}
		return a, b, p
	}
	first, b, quick := pack()
	if err := first.Shorten(t.Context()); err != nil {
		t.Fatal(err)
	}
	if unpacked(t, quick) != text {
		t.Error("the form of a run was taken from it")
	}
	if _, _, short := pack(); short.size >= quick.size {
		t.Errorf("%d bytes, then %d", quick.size, short.size)
	}
	sum, err := b.sum()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := packed.Find(quickForm(sum)); ok {
		t.Error("the longer form is still there")
	}
	b.forget()
	if _, ok := packed.Find(shortForm(sum)); ok {
		t.Error("it was not forgotten")
	}

	t.Setenv("XDG_CACHE_HOME", filepath.Join(path, "none"))
	pack()
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "kbootstrap-*.gz")); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(text, []byte("a program")) {
		t.Error(err)
	}
}
