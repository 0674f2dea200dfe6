package node

import (
	"encoding/json"
	"errors"
	"io"
)

// What a host may send at once. It is more than any host has to say, and little enough that one
// that has been taken over cannot fill the memory of the control machine.
const (
	answerLimit  = 64 << 20 // an answer
	messageLimit = 16 << 20 // a message of a stream
)

// errEndless is the error of a host that sends more than it may.
var errEndless = errors.New("the host sends more than any answer has")

// bounded decodes JSON values that are not longer than a limit each.
type bounded struct {
	decoder *json.Decoder
	source  *boundedReader
	limit   int64
}

func newBounded(r io.Reader, limit int64) *bounded {
	source := &boundedReader{r: r}
	return &bounded{json.NewDecoder(source), source, limit}
}

// decode reads the next value.
func (b *bounded) decode(into any) error {
	b.source.left = b.limit
	return b.decoder.Decode(into)
}

// boundedReader is a reader that ends with an error instead of going beyond what is left.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errEndless
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
