package fault

import (
	"fmt"
	"io/fs"
	"testing"
)

func TestOfLocalInWindows(t *testing.T) {
	for errno, want := range map[error]Code{
		diskFull: LocalNoSpace, handleDiskFull: LocalNoSpace, quotaExceeded: LocalNoSpace, writeProtect: LocalDenied,
	} {
		err := fmt.Errorf("lock: %w", &fs.PathError{Op: "write", Path: `C:\file`, Err: errno})
		if code := OfLocal(err); code != want {
			t.Errorf("%v: %s, want %s", err, code, want)
		}
	}
}
