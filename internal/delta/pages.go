package delta

import (
	"errors"
	"fmt"
	"io"
)

const (
	pageSize  = 8 << 10
	pageCount = 1024 // 8 MB: the parts of a program are mostly in the same order as those of its base
)

// pages reads a base in pages and keeps those that were read last. A base is not mapped into
// memory: it is a file of a host, whose owner may cut it off meanwhile, and a process that reads a
// mapping behind its end is killed.
type pages struct {
	base io.ReaderAt
	kept [pageCount]page
}

type page struct {
	number int64 // one more than the number of the page, since 0 is none
	bytes  []byte
}

func newPages(base io.ReaderAt) *pages { return &pages{base: base} }

// read fills p with what the base has from an offset on.
func (p *pages) read(to []byte, from int64) error {
	for len(to) > 0 {
		bytes, err := p.page(from / pageSize)
		if err != nil {
			return err
		}
		at := from % pageSize
		if at >= int64(len(bytes)) {
			return fmt.Errorf("%w: it asks for more of the base than there is", errDamaged)
		}
		n := copy(to, bytes[at:])
		to, from = to[n:], from+int64(n)
	}
	return nil
}

// page returns the bytes of a page; the last one of the base is shorter, and behind it they are
// empty.
func (p *pages) page(number int64) ([]byte, error) {
	kept := &p.kept[number%pageCount]
	if kept.number == number+1 {
		return kept.bytes, nil
	}
	if kept.bytes == nil {
		kept.bytes = make([]byte, pageSize)
	}
	kept.number = 0
	n, err := p.base.ReadAt(kept.bytes[:pageSize], number*pageSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the base: %w", err)
	}
	kept.bytes, kept.number = kept.bytes[:n], number+1
	return kept.bytes, nil
}
