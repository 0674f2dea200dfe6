package interruptible_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"kbootstrap/internal/interruptible"
)

// TestReader: it reads what there is, and fails with the cause once the context has ended.
func TestReader(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r := interruptible.Reader(ctx, strings.NewReader("one two"))
	p := make([]byte, 3)
	if _, err := io.ReadFull(r, p); err != nil || string(p) != "one" {
		t.Fatalf("read %q, %v", p, err)
	}
	why := errors.New("the user has had enough")
	cancel(why)
	if n, err := r.Read(p); n != 0 || !errors.Is(err, why) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
