package components

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// programs makes a directory of programs with the given texts, modified at the given time.
func programs(t *testing.T, texts map[string]string, modified time.Time) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pack packs twice, from directories of different age, and returns the bytes, which must be the
// same.
func pack(t *testing.T, p packing, texts map[string]string) []byte {
	t.Helper()
	var results [][]byte
	for _, year := range []int{1999, 2024} {
		dst := filepath.Join(t.TempDir(), "artifact")
		dir := programs(t, texts, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		if err := p.pack(t.Context(), dir, dst); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(dst)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, text)
	}
	if !bytes.Equal(results[0], results[1]) {
		t.Errorf("%T: the same programs gave different artifacts", p)
	}
	return results[0]
}

// entry is what matters of a file in a tar archive.
type entry struct {
	name, link, text string
	mode             int64
	kind             byte
}

func readTar(t *testing.T, r io.Reader) []entry {
	t.Helper()
	var entries []entry
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 0 || h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s: has the time %v and the owner %d:%d", h.Name, h.ModTime, h.Uid, h.Gid)
		}
		entries = append(entries, entry{h.Name, h.Linkname, string(text), h.Mode, h.Typeflag})
	}
}

func TestArchive(t *testing.T) {
	a := archive{[]member{{"etcd-v1/etcd", "etcd"}, {"./bridge", "bridge"}}}
	packed := pack(t, a, map[string]string{"etcd": "E", "bridge": "B", "unused": "U"})
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	want := []entry{{"etcd-v1/etcd", "", "E", 0o755, tar.TypeReg}, {"./bridge", "", "B", 0o755, tar.TypeReg}}
	if got := readTar(t, z); !slices.Equal(got, want) {
		t.Errorf("archive has %v, want %v", got, want)
	}
}

func TestProgram(t *testing.T) {
	if got := pack(t, program{"runc"}, map[string]string{"runc": "R"}); string(got) != "R" {
		t.Errorf("packed %q, want the program as it is", got)
	}
}

func TestPackingWantsItsPrograms(t *testing.T) {
	for _, p := range []packing{
		program{"absent"},
		archive{[]member{{"a", "absent"}}},
		image{Tag: "a/b:c", Members: []member{{"/absent", "absent"}}},
	} {
		if err := p.pack(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), "artifact")); err == nil {
			t.Errorf("%T: packed a program that is not there", p)
		}
	}
}
