package components

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"kbootstrap/fault"
)

const (
	// silence is how long a server may send nothing.
	silence = 30 * time.Second
	// tellEvery is how often the user is told how far a file is.
	tellEvery = 5 * time.Second
)

// wrongSum is the error of a file that is not the published one.
type wrongSum struct{ url, got, want string }

func (e *wrongSum) Error() string {
	return fmt.Sprintf("%s: the sha256 sum of what came is %s, and that of the published file %s; nothing of it "+
		"was taken", e.url, e.got, e.want)
}

// Fault is the code of the error.
func (e *wrongSum) Fault() fault.Code { return fault.ArtifactMismatch }

// Hint says what to do.
func (e *wrongSum) Hint() string {
	return "a proxy may have sent something else: fetch the file by other means and compare, or build from source " +
		"(--from-source)"
}

// errRefused is the error of a file that the server has not.
var errRefused = errors.New("the server refused it")

// download gets a file, going on where an earlier attempt or run was cut off, and returns its size.
// A file with another sum is removed.
func (u *upstream) download(ctx context.Context, url, path string) (size int64, err error) {
	wait := u.pause
	for attempt := 1; ; attempt++ {
		if err = u.continueFile(ctx, url, path); err == nil {
			break
		}
		if ctx.Err() != nil || errors.Is(err, errRefused) || attempt >= u.attempts {
			return 0, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		}
		wait *= 2
	}
	sum, size, err := digestFile(path)
	if err != nil {
		return 0, err
	}
	if sum != u.sums[url] {
		return 0, errors.Join(&wrongSum{url, sum, u.sums[url]}, os.Remove(path))
	}
	return size, nil
}

// continueFile appends to the file what it lacks, or begins it again when the server does not send
// parts.
func (u *upstream) continueFile(ctx context.Context, url, path string) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	have, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := u.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusPartialContent && have > 0:
	case code == http.StatusRequestedRangeNotSatisfiable && have > 0:
		return nil // all of it is there, as its sum will show
	case code == http.StatusOK:
		if have, err = 0, file.Truncate(0); err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	case code >= 500 || code == http.StatusTooManyRequests:
		return fmt.Errorf("%s: %s", url, response.Status)
	default:
		return fmt.Errorf("%s: %s: %w", url, response.Status, errRefused)
	}
	idle := time.AfterFunc(silence, func() { cancel(fmt.Errorf("%s: the server sent nothing for %s", url, silence)) })
	defer idle.Stop()
	body := &watched{r: response.Body, idle: idle, u: u, url: url, had: have, done: have, begun: time.Now(),
		told: time.Now()}
	if response.ContentLength >= 0 {
		body.total = have + response.ContentLength
	}
	if _, err := io.Copy(file, body); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("%s: cut off after %d of %d bytes: %w", url, body.done, body.total, err)
	}
	return nil
}

// watched tells how far a download is, and when it will be there.
type watched struct {
	r           io.Reader
	idle        *time.Timer
	u           *upstream
	url         string
	had         int64 // bytes that an earlier attempt brought
	done, total int64 // bytes; total is 0 when the server does not tell
	begun, told time.Time
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.done += int64(n)
	if n > 0 {
		w.idle.Reset(silence)
	}
	if now := time.Now(); now.Sub(w.told) >= tellEvery && w.total > 0 {
		w.told = now
		w.u.log(fmt.Sprintf("%s: %d of %d MB%s", w.url, w.done>>20, w.total>>20, w.left(now)))
	}
	return n, err
}

// left is an estimate by what came since this attempt began.
func (w *watched) left(now time.Time) string {
	rate := float64(w.done-w.had) / now.Sub(w.begun).Seconds()
	if rate <= 0 {
		return ""
	}
	seconds := time.Duration(float64(w.total-w.done) / rate * float64(time.Second))
	return ", about " + seconds.Round(time.Second).String() + " left"
}
