package node

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// TestPacked: a large question is packed and arrives as it was; a small one travels as it is; one
// that becomes too large is refused, and so is one that is cut off.
func TestPacked(t *testing.T) {
	large := []byte(strings.Repeat(`{"Kind":"file","Value":{"Path":"/etc/hosts"}}`, 5000))
	on := pack(large)
	p, ok := on.(packed)
	if !ok {
		t.Fatalf("a question of %d bytes is not packed", len(large))
	}
	text, err := io.ReadAll(p)
	if err != nil || len(text) > len(large)/2 {
		t.Fatalf("%d bytes became %d: %v", len(large), len(text), err)
	}
	if got, err := unpack(bytes.NewReader(text), int64(len(large))); err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes arrived, want %d: %v", len(got), len(large), err)
	}
	if _, err := unpack(bytes.NewReader(text), int64(len(large))-1); err == nil || !strings.Contains(err.Error(),
		"too large") {
		t.Errorf("a question above the limit: %v", err)
	}
	if _, err := unpack(bytes.NewReader(text[:len(text)/2]), 1<<30); err == nil {
		t.Error("half a question was taken")
	}
	if _, ok := pack(large[:packFrom-1]).(packed); ok {
		t.Error("a small question is packed")
	}
}
