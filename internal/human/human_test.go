package human_test

import (
	"testing"

	"kbootstrap/internal/human"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B",
		1000: "1 kB", 8_499: "8 kB", 999_499: "999 kB",
		1_999: "1 kB", 999_999: "999 kB", 50_900_000: "50 MB", 999_999_999: "999 MB",
		1e6: "1 MB", 123_456_789: "123 MB",
		1_250_000_000: "1.2 GB", 42_900_000_000: "42.9 GB",
	} {
		if got := human.Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}
