package host

import (
	"errors"
	"io/fs"
	"os"

	"kbootstrap/internal/posix"
)

// errSwapped is the error of a temporary file that is not the one that this process made.
var errSwapped = errors.New("another user has put another file in its place")

// open opens the temporary file by its name, which is that of another file by now if the directory
// belongs to a user who put one in its place. That would be written, and given away, by root: only
// the file that we made is opened.
func (r Replacement) open(flag int, use func(f *os.File) error) error {
	f, err := os.OpenFile(r.Temp, flag|posix.NoFollow, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		stat, ok := posix.StatOf(info)
		if !ok || !info.Mode().IsRegular() || stat.UID != os.Geteuid() || stat.Links != 1 {
			err = &fs.PathError{Op: "open", Path: r.Temp, Err: errSwapped}
		}
	}
	if err == nil && flag&os.O_WRONLY != 0 {
		err = f.Truncate(0)
	}
	if err == nil {
		err = use(f)
	}
	return errors.Join(err, f.Close())
}
