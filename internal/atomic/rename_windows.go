package atomic

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// renamePatience is how long a rename waits for a file that another process has open, and
// renamePoll how often it tries.
const (
	renamePatience = 5 * time.Second
	renamePoll     = 10 * time.Millisecond
)

// rename gives a file its name, also in the place of another. Windows refuses that while another
// process has one of them open, such as a reader or a scanner for viruses, and does not tell when
// the file is closed.
func rename(from, to string) error {
	late := time.After(renamePatience)
	again := time.NewTicker(renamePoll)
	defer again.Stop()
	for {
		err := os.Rename(from, to)
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		if info, missing := os.Stat(to); missing == nil && info.IsDir() {
			return err // which no waiting makes a file
		}
		select {
		case <-late:
			return err
		case <-again.C:
		}
	}
}

// syncDir does nothing: the names are written by the file system's own journal, and a directory
// cannot be flushed.
func syncDir(string) error { return nil }
