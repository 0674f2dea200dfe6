package release

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/klauspost/compress/zstd"

	"github.com/google/go-containerregistry/pkg/name"

	"kbootstrap/internal/delta"
)

// savedImage is the archive of an image with one layer, gzipped.
func savedImage(t *testing.T, layer []byte) []byte {
	t.Helper()
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer)), nil
	})
	must(t, err)
	image, err := mutate.AppendLayers(empty.Image, l)
	must(t, err)
	image, err = mutate.ConfigFile(image, func() *v1.ConfigFile {
		c, err := image.ConfigFile()
		must(t, err)
		c.OS, c.Architecture = "linux", "amd64"
		return c
	}())
	must(t, err)
	var archive bytes.Buffer
	must(t, tarball.Write(name.MustParseReference("example.org/image:1"), image, &archive))
	return archive.Bytes()
}

// TestPlainImage: an image that is like a program becomes a delta to that, of its plain form, once
// the cache has both; it is the same image then.
func TestPlainImage(t *testing.T) {
	c, err := openCache(filepath.Join(t.TempDir(), "cache"))
	must(t, err)
	program := make([]byte, 1<<16)
	for i := range program {
		program[i] = byte(i * i >> 3)
	}
	archive := savedImage(t, append([]byte("the program: "), program...))
	id, err := imageID(bytes.NewReader(archive), "amd64")
	must(t, err)
	image := artifact{
		image: "example.org/image:1", members: []member{{name: "image/one", like: []string{"program"}}},
	}
	contents := map[string]Content{}
	for name, raw := range map[string][]byte{"program": program, "image/one": archive} {
		staged, err := c.stage(bytes.NewReader(raw), 1<<20)
		must(t, err)
		s, err := staged.publish(c)
		must(t, err)
		s.Image = strings.Repeat(id, strings.Count(name, "image/"))
		contents[name] = c.content(member{name: name, path: name}, entry{Members: map[string]stored{name: s}})
	}
	set := func() *Set {
		s := &Set{cache: c, contents: map[string]Content{}, making: new(sync.WaitGroup)}
		for name, content := range contents {
			s.contents[name] = content
		}
		s.members = s.usePlain(image)
		s.lacking, err = c.withDeltas(s.members, s.contents)
		must(t, err)
		return s
	}
	first := set()
	if got := first.contents["image/one"]; got.SHA256 != contents["image/one"].SHA256 || len(first.packed) != 1 {
		t.Fatalf("before there is a plain form: %v, to be made: %v", got, first.packed)
	}
	must(t, first.MakeDeltas(t.Context()))

	second := set()
	got := second.contents["image/one"]
	if len(second.packed) > 0 || len(second.lacking) > 1 || len(got.Deltas) != 1 {
		t.Fatalf("then: %v, to be made: %v, %v", got, second.packed, second.lacking)
	}
	stream, err := got.Deltas[0].Open()
	must(t, err)
	defer stream.Close()
	z, err := zstd.NewReader(stream)
	must(t, err)
	defer z.Close()
	var plain bytes.Buffer
	must(t, delta.Decode(&plain, bytes.NewReader(program), z))
	if sum := sha256.Sum256(plain.Bytes()); hex.EncodeToString(sum[:]) != got.SHA256 || int64(plain.Len()) != got.Size {
		t.Errorf("the delta makes another content of %d bytes", plain.Len())
	}
	if was, err := imageID(bytes.NewReader(plain.Bytes()), "amd64"); err != nil || was != id || got.ImageID != id {
		t.Errorf("another image: %s and %s, %v; want %s", was, got.ImageID, err, id)
	}
	if !bytes.Contains(plain.Bytes(), program) {
		t.Error("the layer is not plain")
	}

	// A lock with the sums of members has the last word.
	e := entry{Members: map[string]stored{"": {SHA256: contents["image/one"].SHA256, Size: int64(len(archive)),
		Compressed: contents["image/one"].Compressed}}}
	var locked LockedEntry
	must(t, c.lockPlain(t.Context(), image, e, &locked))
	image.tells = true
	for sum, want := range map[string]string{
		locked.Members[plainMember]: got.SHA256, "": contents["image/one"].SHA256,
		strings.Repeat("0", 64): contents["image/one"].SHA256,
	} {
		image.locked = map[string]string{plainMember: sum}
		if s := set(); s.contents["image/one"].SHA256 != want || len(s.packed) > 0 {
			t.Errorf("a lock with %q: %v, to be made: %v", sum, s.contents["image/one"], s.packed)
		}
	}
}

// TestNoPlainImage: what has no gzipped layers stays, and so does what names their sums; an image
// whose layer is another one than it says is refused.
func TestNoPlainImage(t *testing.T) {
	c, err := openCache(filepath.Join(t.TempDir(), "cache"))
	must(t, err)
	archive := savedImage(t, []byte("a layer"))
	plain, err := unpackLayers(archive)
	must(t, err)
	if plain == nil {
		t.Fatal("there is no plain form of a gzipped image")
	}
	if again, err := unpackLayers(plain); again != nil || err != nil {
		t.Errorf("a plain image: %d bytes, %v", len(again), err)
	}
	var layout bytes.Buffer
	out := tar.NewWriter(&layout)
	must(t, eachFile(archive, func(h *tar.Header, in *tar.Reader) error {
		must(t, out.WriteHeader(h))
		_, err := io.Copy(out, in)
		return err
	}))
	must(t, out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "index.json", Size: 2}))
	_, err = out.Write([]byte("{}"))
	must(t, err)
	must(t, out.Close())
	if got, err := unpackLayers(layout.Bytes()); got != nil || err != nil {
		t.Errorf("an OCI layout: %d bytes, %v", len(got), err)
	}
	if got, err := unpackLayers([]byte(strings.Repeat("no archive", 100))); got != nil || err == nil {
		t.Errorf("no archive: %d bytes, %v", len(got), err)
	}
	id, err := imageID(bytes.NewReader(archive), "amd64")
	must(t, err)
	sum := sha256.Sum256([]byte("a layer"))
	other := sha256.Sum256([]byte("another layer"))
	damaged := bytes.ReplaceAll(archive, []byte(hex.EncodeToString(sum[:])), []byte(hex.EncodeToString(other[:])))
	if got, err := unpackLayers(damaged); got != nil || err == nil || !strings.Contains(err.Error(), "another one") {
		t.Errorf("another layer: %d bytes, %v", len(got), err)
	}

	staged, err := c.stage(bytes.NewReader(plain), 1<<20)
	must(t, err)
	s, err := staged.publish(c)
	must(t, err)
	s.Image = id
	image := c.content(member{name: "image/one"}, entry{Members: map[string]stored{"": s}})
	must(t, c.makePlain(t.Context(), image))
	if got, isKnown := c.plain(image); !isKnown || got.SHA256 != image.SHA256 {
		t.Errorf("%v, known: %v", got, isKnown)
	}
	if files, err := os.ReadDir(c.tmp()); err != nil || len(files) > 0 {
		t.Errorf("%v are left, %v", files, err)
	}
}
