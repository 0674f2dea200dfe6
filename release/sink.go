package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"kbootstrap/fault"
)

// maxArtifact is the most bytes of an artifact whose size is not known. The largest known one, a
// kube-apiserver that was not stripped, has 130 MB.
const maxArtifact = 1 << 30

// sink receives an artifact: it writes, counts and sums it.
type sink struct {
	out   io.Writer
	file  *os.File // where out writes to, if that can be begun again
	sum   hash.Hash
	n     int64
	limit int64 // bytes that may come; one more is an error
	head  []byte
	report
}

// newSink returns a sink for the artifact that writes to out.
func newSink(a artifact, out io.Writer, r report) *sink {
	limit := a.size
	if limit == 0 {
		limit = maxArtifact
	}
	return &sink{out: out, sum: sha256.New(), limit: limit, report: r}
}

// newFileSink returns a sink that writes to a file, and has what is in there.
func newFileSink(a artifact, file *os.File, r report) (*sink, error) {
	s := newSink(a, io.Discard, report{}) // what is there did not come now
	s.file = file
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if _, err := io.Copy(s, file); err != nil {
		if !errors.As(err, new(errTooLong)) {
			return nil, err
		}
		if err := s.restart(); err != nil {
			return nil, err
		}
	}
	s.out, s.report = file, r
	s.had = s.n
	return s, nil
}

// restart forgets what came.
func (s *sink) restart() error {
	if s.n == 0 {
		return nil
	}
	s.sum.Reset()
	s.n, s.head, s.next, s.had = 0, nil, 0, 0
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return s.file.Truncate(0)
}

func (s *sink) Write(p []byte) (int, error) {
	if s.n+int64(len(p)) > s.limit {
		return 0, errTooLong{s.limit}
	}
	n, err := s.out.Write(p)
	s.sum.Write(p[:n])
	s.head = append(s.head, p[:min(n, 512-len(s.head))]...)
	s.n += int64(n)
	s.at(s.n)
	return n, err
}

// errTooLong says that more bytes came than there can be.
type errTooLong struct{ limit int64 }

func (e errTooLong) Error() string { return fmt.Sprintf("more than %d bytes", e.limit) }

// check compares the download with its pin. Without a pin it checks the first bytes only.
func (s *sink) check(a artifact) error {
	got := hex.EncodeToString(s.sum.Sum(nil))
	switch {
	case a.sum != "" && got == a.sum && (a.size == 0 || a.size == s.n):
		return nil
	case looksLikeHTML(s.head):
		return &mismatchError{fault.ArtifactNotIt,
			fmt.Sprintf("an HTML page of %d bytes arrived instead, perhaps from a proxy or a login page (sha256 %s%s)",
				s.n, got, expectedSum(a))}
	case a.sum != "":
		return &mismatchError{fault.ArtifactMismatch,
			fmt.Sprintf("sha256 is %s%s (%d bytes%s)%s", got, expectedSum(a), s.n, expectedSize(a), repacked(a))}
	case !a.archive && a.image == "" && !bytes.HasPrefix(s.head, []byte("\x7fELF")):
		return &mismatchError{fault.ArtifactNotIt, fmt.Sprintf("the file is not a Linux binary (%d bytes, sha256 %s)",
			s.n, got)}
	}
	return nil
}

func expectedSum(a artifact) string {
	if a.sum == "" {
		return ""
	}
	return ", expected " + a.sum
}

// repacked explains the archive of an image that is the right one by its digest.
func repacked(a artifact) string {
	if a.index == "" {
		return ""
	}
	return "; by its digest the image is the locked one, so another release of the tool has packed it: " +
		"remove its entry from the lock, and lock again"
}

func expectedSize(a artifact) string {
	if a.size == 0 {
		return ""
	}
	return fmt.Sprintf(", expected %d", a.size)
}

// looksLikeHTML knows the page that a proxy sends with status 200.
func looksLikeHTML(head []byte) bool {
	text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(string(head), "\ufeff"), " \t\r\n"))
	return strings.HasPrefix(text, "<!doctype html") || strings.HasPrefix(text, "<html") ||
		strings.HasPrefix(text, "<head")
}

// mismatchError says that what came is not what was asked for.
type mismatchError struct {
	code fault.Code
	text string
}

func (e *mismatchError) Error() string     { return e.text }
func (e *mismatchError) Fault() fault.Code { return e.code }
