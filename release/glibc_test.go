package release

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// program is the beginning of a program for amd64 with one segment, and some bytes behind it.
func program(t *testing.T, segment elf.ProgType, rest string) []byte {
	t.Helper()
	var b bytes.Buffer
	header := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1, Phoff: 64, Shoff: 1 << 30, Ehsize: 64,
		Phentsize: 56, Phnum: 1, Shentsize: 64, Shnum: 30, Shstrndx: 29,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64),
		byte(elf.ELFDATA2LSB), 1
	for _, part := range []any{header, elf.Prog64{Type: uint32(segment), Off: 120, Filesz: 28}} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString(rest)
	return b.Bytes()
}

func TestGlibc(t *testing.T) {
	names := "/lib64/ld-linux-x86-64.so.2\x00GLIBC_2.4\x00GLIBC_2.34\x00GLIBC_2.17\x00GLIBC_PRIVATE\x00"
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"dynamic", program(t, elf.PT_INTERP, names), "2.34"},
		{"names far behind the head", program(t, elf.PT_INTERP, strings.Repeat("\x00", 1<<20)+names), "2.34"},
		{"static, with the names as data", program(t, elf.PT_LOAD, names), ""},
		{"dynamic, with another C library", program(t, elf.PT_INTERP, "/lib/ld-musl-x86_64.so.1\x00"), ""},
		{"a script", []byte("#!/bin/sh\n# GLIBC_2.99\x00\n"), ""},
		{"nothing", nil, ""},
		{"cut off", program(t, elf.PT_INTERP, names)[:70], ""},
	} {
		got, err := glibc(bytes.NewReader(c.content))
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// TestGlibcOfAShell compares with what the symbol tables of a program of this machine say.
func TestGlibcOfAShell(t *testing.T) {
	const shell = "/bin/sh"
	f, err := elf.Open(shell)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := ""
	symbols, _ := f.ImportedSymbols() // a static one has none
	for _, s := range symbols {
		version, ok := strings.CutPrefix(s.Version, "GLIBC_")
		if ok && strings.HasPrefix(version, "2.") && (want == "" || isNewer(version, want)) {
			want = version
		}
	}
	plain, err := os.ReadFile(shell)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = encoder.Close() }()
	path := filepath.Join(t.TempDir(), "sh.zst")
	packed := encoder.EncodeAll(plain, nil)
	if err := os.WriteFile(path, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	sh := Content{Name: "sh", Compressed: int64(len(packed)), path: path}
	var reader GlibcReader
	defer reader.Close()
	for range 2 { // what is left of one content is not read of the next
		if got, err := reader.Of(sh); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := reader.Of(Content{Name: "sh", path: path + ".no"}); err == nil {
		t.Error("a content that is gone has a glibc")
	}
}
