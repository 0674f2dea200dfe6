package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"kbootstrap/fault"
	"kbootstrap/internal/posix"
)

// The exit codes that all programs have. A program may have more, each with a meaning of its own.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitReaderGone  = 141 // who read the output has had enough, as head has; shells say so for SIGPIPE
	ExitInterrupted = 130
)

// ExitCode returns the code that an error stands for.
func ExitCode(err error) int {
	var usage UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	return ExitFailure
}

// IsReaderGone reports whether a command ended since the output that it wrote to has no reader any
// more. That is nothing to tell of.
func IsReaderGone(err error, out io.Writer) bool {
	file, isFile := out.(*os.File)
	var failed *fs.PathError
	return isFile && errors.As(err, &failed) && failed.Path == file.Name() && posix.IsReset(failed)
}

// UsageError is the error of a command line that is not one of the program's. Nothing was done.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e UsageError) Unwrap() error { return e.Err }

// Fault returns the error's own code in the catalogue, or that of wrong usage.
func (e UsageError) Fault() fault.Code {
	if code := fault.Of(e.Err); code != "" {
		return code
	}
	return fault.Usage
}
