package lab

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCPUTimeOf(t *testing.T) {
	for _, test := range []struct {
		what, file, text string
		want             time.Duration
		missing          bool
	}{
		{"v1", "cpuacct.usage", "1500000000\n", 1500 * time.Millisecond, false},
		{"v2", "cpu.stat", "usage_usec 2500000\nuser_usec 2000000\n", 2500 * time.Millisecond, false},
		{"v1, without the account", "cpu.stat", "nr_periods 0\nnr_throttled 0\n", 0, true},
		{"another controller", "memory.stat", "", 0, true},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := cpuTimeOf(dir)
		if got != test.want || errors.Is(err, fs.ErrNotExist) != test.missing || err != nil && !test.missing {
			t.Errorf("%s: got %s, %v", test.what, got, err)
		}
	}
}
