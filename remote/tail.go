package remote

import (
	"strings"
	"sync"
)

// tailSize is how much of an output is kept for messages, in bytes.
const tailSize = 4 << 10

// tail is a writer that remembers the last tailSize bytes.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if len(t.kept) > tailSize {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tailSize:]...)
	}
	return len(p), nil
}

// set replaces what is kept.
func (t *tail) set(text string) {
	t.mu.Lock()
	t.kept = nil
	t.mu.Unlock()
	_, _ = t.Write([]byte(text))
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}

// oneLine is a text for the end of an error message: its last lines, joined.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(lines) > 5 {
		lines = lines[len(lines)-5:]
	}
	return strings.Join(lines, " | ")
}
