package fault

import (
	"errors"
	"io/fs"
	"syscall"
)

// OfLocal returns the code of an error on the control machine: the error's own code, or the one for
// what the system said about a file, or Unclassified. It never returns "".
func OfLocal(err error) Code {
	code := Of(err)
	switch {
	case code != "":
		return code
	case isFull(err):
		return LocalNoSpace
	case errors.Is(err, fs.ErrPermission), isReadOnly(err):
		return LocalDenied
	case errors.Is(err, fs.ErrNotExist):
		return LocalMissing
	case errors.Is(err, syscall.EISDIR):
		return LocalDirectory
	}
	return Unclassified
}

// HintOfLocal returns what the user may do about an error whose code is that of OfLocal.
func HintOfLocal(err error) string { return HintOf(&Error{Code: OfLocal(err), Err: err}) }
