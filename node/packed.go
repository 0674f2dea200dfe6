package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// packing is the encoding of large questions, as HTTP names it. All that a host is to look at is
// some 65 KB, the same for hundreds of hosts but for their names and keys; packed it is 25 KB.
const packing = "gzip"

// packFrom is the size in bytes from which a question is packed. A smaller one fits a few packets
// anyway.
const packFrom = 8 << 10

// packed is a question on its way that is packed.
type packed struct{ io.Reader }

// pack packs a large question. It keeps no memory: a hundred hosts may be asked at the same time.
func pack(question []byte) io.Reader {
	if len(question) < packFrom {
		return bytes.NewReader(question)
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.StatelessCompression)
	if err == nil {
		_, err = z.Write(question)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil { // a buffer takes everything
		return bytes.NewReader(question)
	}
	return packed{&b}
}

// unpack reads a packed question of at most so many bytes.
func unpack(r io.Reader, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if int64(len(text)) > limit {
		return nil, errors.New("unpack: the question is too large")
	}
	return text, nil
}
