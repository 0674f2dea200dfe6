package node

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// endless is a host that never ends its string.
type endless struct{ sent int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	if e.sent == 0 {
		p[0] = '"'
	}
	e.sent += int64(len(p))
	return len(p), nil
}

// TestEndlessAnswer: a value without an end is not read to the end of the memory.
func TestEndlessAnswer(t *testing.T) {
	const limit = 1 << 20
	var text string
	source := &endless{}
	if err := newBounded(source, limit).decode(&text); !errors.Is(err, errEndless) {
		t.Errorf("got %v", err)
	}
	if source.sent > limit {
		t.Errorf("%d bytes were read, of at most %d", source.sent, limit)
	}
}

// TestLongStream: the limit is that of a message, however many there are.
func TestLongStream(t *testing.T) {
	messages := newBounded(strings.NewReader(strings.Repeat(`{"kind":"log"}`, 10_000)), 1<<12)
	for i := range 10_000 {
		var m message
		if err := messages.decode(&m); err != nil || m.Kind != EventLog {
			t.Fatalf("message %d: %+v, %v", i, m, err)
		}
	}
	if err := messages.decode(&message{}); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}
