package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// parallel is how many artifacts are fetched at a time: enough to fill a line, and not so many that
// servers mind.
const parallel = 4

// lockPoll is how often a process looks whether another has finished fetching what it wants as
// well.
const lockPoll = 50 * time.Millisecond

// fetcher fetches artifacts into a cache.
type fetcher struct {
	cache    cache
	client   *http.Client
	mirror   string // a directory or a URL; empty for upstream
	progress *progress
	retry    retryPolicy
	limits   limits
}

func newFetcher(c *inventory.Cluster, o Options) (*fetcher, error) {
	cache, err := openCache(o.CacheDir)
	if err != nil {
		return nil, err
	}
	f := &fetcher{
		cache:    cache,
		client:   o.HTTP,
		mirror:   strings.TrimRight(c.Artifacts.Mirror, "/"),
		progress: &progress{tell: o.Progress},
		retry:    o.retry,
		limits:   defaultLimits,
	}
	if f.client == nil {
		f.client = newClient()
	}
	if f.retry.attempts == 0 {
		f.retry = defaultRetry
	}
	return f, nil
}

// FetchError lists every artifact that could not be fetched.
type FetchError struct{ Problems []error }

func (e *FetchError) Error() string {
	if len(e.Problems) == 1 {
		return "fetch " + e.Problems[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "fetch: %d artifacts could not be fetched:", len(e.Problems))
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.Error())
	}
	return b.String()
}

// Unwrap returns the problem of each artifact.
func (e *FetchError) Unwrap() []error { return e.Problems }

// all returns the entry of each artifact, in their order, after fetching those that the cache
// lacks. An artifact without a sum is always fetched, and has its sum and size afterwards.
func (f *fetcher) all(ctx context.Context, artifacts []artifact) ([]entry, error) {
	entries := make([]entry, len(artifacts))
	problems := make([]error, len(artifacts))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	swept := false
	for i := range artifacts {
		var ok bool
		if entries[i], ok = f.cache.fresh(artifacts[i]); ok && !artifacts[i].again {
			continue
		}
		if !swept {
			f.cache.sweep(time.Now())
			swept = true
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			entries[i], problems[i] = f.fetch(ctx, &artifacts[i])
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && errors.Join(problems...) != nil {
		return nil, fmt.Errorf("fetch artifacts: %w", err)
	}
	failed := &FetchError{}
	for i, err := range problems {
		if err != nil {
			failed.Problems = append(failed.Problems, fmt.Errorf("%s: %w", f.location(artifacts[i]), err))
		}
	}
	if len(failed.Problems) > 0 {
		return nil, failed
	}
	return entries, nil
}

// location says where an artifact is fetched from.
func (f *fetcher) location(a artifact) string {
	switch {
	case f.mirror == "" && a.image != "":
		return a.image
	case f.mirror == "":
		return a.url
	case f.mirrorIsURL():
		return f.mirror + "/" + a.name()
	}
	return filepath.Join(f.mirror, filepath.FromSlash(a.name()))
}

func (f *fetcher) mirrorIsURL() bool { return strings.Contains(f.mirror, "://") }

// fetch puts one artifact into the cache, unless it turns out to be there.
func (f *fetcher) fetch(ctx context.Context, a *artifact) (entry, error) {
	if err := context.Cause(ctx); err != nil {
		return entry{}, err
	}
	pinned := a.key() != ""
	if pinned {
		// Two processes that need the same artifact fetch it once.
		unlock, err := f.lock(ctx, a)
		if err != nil {
			return entry{}, err
		}
		defer unlock()
		if e, ok := f.cached(*a); ok {
			return e, nil
		}
	}
	src, err := f.open(ctx, a)
	if err != nil {
		return entry{}, err
	}
	defer src.Close()
	if !pinned {
		unlock, err := f.lock(ctx, a)
		if err != nil {
			return entry{}, err
		}
		defer unlock()
	}
	e, err := f.cache.store(ctx, *a, src, f.limits)
	if err != nil {
		return entry{}, err
	}
	e.SHA256, e.Size = a.received, a.size
	if key := a.key(); key != a.received {
		// A lock that is written now has the sum.
		if err := f.cache.record(a.received, e); err != nil {
			return entry{}, err
		}
	}
	return e, f.cache.record(a.key(), e)
}

// cached returns the entry of an artifact that need not be fetched.
func (f *fetcher) cached(a artifact) (entry, bool) {
	if a.again {
		return entry{}, false
	}
	if e, ok := f.cache.fresh(a); ok {
		return e, true
	}
	return f.cache.verify(a)
}

// lock takes the lock on an artifact's entry in the cache, and returns the function that gives it
// back.
func (f *fetcher) lock(ctx context.Context, a *artifact) (unlock func(), err error) {
	l := flock.New(filepath.Join(f.cache.dir, "locks", a.key()))
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("lock cache: %w", err)
	}
	return func() { _ = l.Unlock() }, nil // the kernel drops the lock with the process at the latest
}

// open returns the whole artifact, verified, from its first byte on. It sets the artifact's size
// and the sum that was received.
func (f *fetcher) open(ctx context.Context, a *artifact) (*os.File, error) {
	if f.mirror != "" && !f.mirrorIsURL() {
		return f.openFile(ctx, a)
	}
	file, err := os.CreateTemp(f.cache.tmp(), "artifact-*")
	if err != nil {
		return nil, err
	}
	// The name is not needed any more, and nothing is left behind however the process ends.
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	err = f.retry.do(ctx, func() error {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := file.Truncate(0); err != nil {
			return err
		}
		s := newSink(*a, file, report{to: f.progress, name: a.name(), total: a.size})
		if f.mirror == "" && a.image != "" {
			err = f.pull(ctx, *a, s)
		} else {
			err = f.download(ctx, *a, s)
		}
		if err != nil {
			return err
		}
		return accept(a, s)
	})
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// openFile opens an artifact in a mirror that is a directory.
func (f *fetcher) openFile(ctx context.Context, a *artifact) (*os.File, error) {
	file, err := os.Open(f.location(*a))
	if err != nil {
		// The path is said by the caller.
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fault.ArtifactMissing.Wrap(err)
		}
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	s := newSink(*a, io.Discard, report{to: f.progress, name: a.name(), total: info.Size()})
	var long errTooLong
	if _, err = io.Copy(s, &cancelReader{ctx, file}); err == nil {
		err = accept(a, s)
	} else if errors.As(err, &long) {
		err = &mismatchError{fault.ArtifactMismatch, fmt.Sprintf("the file is larger than it should be: %v", long)}
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
