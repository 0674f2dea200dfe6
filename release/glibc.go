package release

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	// elfHead is how much of a program is read to learn whether it is static: the headers, which
	// come first.
	elfHead = 4 << 10
	// elfNames is how much of a program contains the names of the symbols that it takes from
	// libraries. Linkers put them before the code.
	elfNames = 8 << 20
)

// glibcSymbol is the version of a symbol, such as GLIBC_2.34.
var glibcSymbol = regexp.MustCompile(`GLIBC_(2(?:\.\d+)+)\x00`)

// GlibcReader reads what programs need of glibc. It is for one goroutine at a time. The zero value
// is ready for use. What decompresses takes 16 MB of memory, so one of them does for all contents.
type GlibcReader struct{ plain *zstd.Decoder }

// Close frees the memory.
func (r *GlibcReader) Close() {
	if r.plain != nil {
		r.plain.Close()
	}
}

// Of returns the version of glibc that the content needs at least, such as "2.34"; "" for a static
// program and for a file that is not a program.
func (r *GlibcReader) Of(c Content) (string, error) {
	stream, err := c.Open()
	if err != nil {
		return "", err
	}
	defer stream.Close()
	if r.plain == nil {
		r.plain, err = zstd.NewReader(stream, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	} else {
		err = r.plain.Reset(stream)
	}
	if err != nil {
		return "", fmt.Errorf("content %s: %w", c.Name, err)
	}
	need, err := glibc(r.plain)
	if err != nil {
		return "", fmt.Errorf("content %s: %w", c.Name, err)
	}
	return need, nil
}

func glibc(program io.Reader) (string, error) {
	head, err := io.ReadAll(io.LimitReader(program, elfHead))
	if err != nil || !isDynamic(head) {
		return "", err
	}
	rest, err := io.ReadAll(io.LimitReader(program, elfNames))
	if err != nil {
		return "", err
	}
	best := ""
	for _, found := range glibcSymbol.FindAllSubmatch(append(head, rest...), -1) {
		if version := string(found[1]); best == "" || isNewer(version, best) {
			best = version
		}
	}
	return best, nil
}

// isDynamic reports whether a program asks for a dynamic linker. Only its program headers are there
// to be read.
func isDynamic(head []byte) bool {
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) || len(head) < 64 {
		return false
	}
	// The section headers are at the end, which is missing here: a program without any serves as
	// well.
	head = slices.Clone(head)
	clear(head[0x28:0x30]) // e_shoff
	clear(head[0x3a:0x40]) // e_shentsize, e_shnum, e_shstrndx
	f, err := elf.NewFile(bytes.NewReader(head))
	if err != nil {
		var format *elf.FormatError
		return !errors.As(err, &format) // assume the worst about a file that we cannot read
	}
	defer f.Close()
	return slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// isNewer reports whether a version of glibc comes after another.
func isNewer(version, than string) bool {
	return slices.Compare(parts(version), parts(than)) > 0
}

func parts(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part) // the expression lets digits through only
		all = append(all, n)
	}
	return all
}
