package fault

import (
	"errors"
	"io/fs"
	"syscall"
)

// OfLocal is the code of an error of the machine that the tool runs on: its own, or that of what the system said of a file,
// or Unclassified. It is never "".
func OfLocal(err error) Code {
	code := Of(err)
	switch {
	case code != "":
		return code
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return LocalNoSpace
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return LocalDenied
	}
	return Unclassified
}

// HintOfLocal returns what the user may do about an error whose code is that of OfLocal.
func HintOfLocal(err error) string { return HintOf(&Error{Code: OfLocal(err), Err: err}) }
