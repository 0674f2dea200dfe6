package certs

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkIssue measures a cluster's first run and every later one.
func BenchmarkIssue(b *testing.B) {
	for _, hosts := range []int{1, 100} {
		c := large(hosts)
		b.Run(fmt.Sprintf("new/hosts=%d", hosts), func(b *testing.B) {
			dir := b.TempDir()
			for i := 0; b.Loop(); i++ {
				issue(b, open(b, filepath.Join(dir, fmt.Sprint(i), "pki")), c, start)
			}
		})
		b.Run(fmt.Sprintf("again/hosts=%d", hosts), func(b *testing.B) {
			s := newStore(b)
			issue(b, s, c, start)
			for b.Loop() {
				issue(b, s, c, start)
			}
		})
	}
}
