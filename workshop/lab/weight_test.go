package lab

import (
	"os"
	"path/filepath"
	"testing"
)

func TestShares(t *testing.T) {
	// The kernel's table says 9548 and 110; what matters is the proportion.
	for nice, want := range map[int]int{0: 1024, -10: 9537, 10: 110} {
		if got := shares(nice); got != want {
			t.Errorf("niceness %d: %d shares, want %d", nice, got, want)
		}
	}
}

// TestWeigh: a hierarchy without the processor stays as it is, and the tests' own niceness is
// written to the one that has it.
func TestWeigh(t *testing.T) {
	without, with := t.TempDir(), t.TempDir()
	path := filepath.Join(with, "cpu.shares")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := weigh([]string{without, with}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || len(text) == 0 {
		t.Errorf("cpu.shares is %q (%v)", text, err)
	}
	if files, err := os.ReadDir(without); err != nil || len(files) > 0 {
		t.Errorf("a hierarchy without the processor has %v (%v)", files, err)
	}
}
