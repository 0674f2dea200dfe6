package lab

import (
	"context"
	"fmt"
	"os"
	"strings"

	"kbootstrap/internal/atomic"
)

// Remove takes a host out of the lab, with its disk, and out of hosts.yaml if it is there as it was
// written. A lab whose last host was removed stays until Down.
func (l *Lab) Remove(ctx context.Context, name string) error {
	return l.change(func(s *state) error {
		h, err := s.host(name)
		if err != nil {
			return err
		}
		snippet := h.Snippet()
		if err := s.removeHost(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := s.writeKnownHosts(); err != nil {
			return err
		}
		text, err := os.ReadFile(l.Inventory())
		if err != nil {
			return err
		}
		return atomic.WriteFile(l.Inventory(), []byte(strings.Replace(string(text), snippet, "", 1)), 0o644)
	})
}
