package release

import (
	"context"
	"encoding/hex"
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
	"kbootstrap/internal/interruptible"
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
	places   *places
	progress *progress
	retry    retryPolicy
	limits   limits
	ways     ways
}

func newFetcher(c *inventory.Cluster, o Options) (*fetcher, error) {
	cache, err := openCache(o.CacheDir)
	if err != nil {
		return nil, err
	}
	f := &fetcher{
		cache:    cache,
		client:   o.HTTP,
		places:   placesOf(c.Artifacts),
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
	lines, others := byServer(e.Problems)
	for _, line := range lines {
		b.WriteString("\n  " + line)
	}
	for _, p := range others {
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
	var missing []int
	var expected []artifact
	for i := range artifacts {
		var ok bool
		if entries[i], ok = f.cache.fresh(artifacts[i]); !ok || artifacts[i].again {
			missing, expected = append(missing, i), append(expected, artifacts[i])
		}
	}
	if len(missing) > 0 {
		f.cache.sweep(time.Now())
	}
	f.progress.expect(expected)
	measured, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { f.measure(measured, expected) })
	var fetched sync.WaitGroup
	for _, i := range missing {
		fetched.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			entries[i], problems[i] = f.fetch(ctx, &artifacts[i])
		})
	}
	fetched.Wait()
	stop() // sizes do not matter any more
	wg.Wait()
	if err := context.Cause(ctx); err != nil && errors.Join(problems...) != nil {
		return nil, fmt.Errorf("fetch artifacts: %w", err)
	}
	failed := &FetchError{}
	for i, err := range problems {
		if err != nil {
			failed.Problems = append(failed.Problems, fmt.Errorf("%s: %w", f.named(artifacts[i]), err))
		}
	}
	if len(failed.Problems) > 0 {
		return nil, failed
	}
	return entries, nil
}

// named says what could not be fetched: where it should have come from, if that is one place.
func (f *fetcher) named(a artifact) string {
	if all := f.places.of(a); len(all) == 1 {
		return all[0].at
	}
	return a.name()
}

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
// and the sum that was received. Of several places it takes the first that has the right thing.
func (f *fetcher) open(ctx context.Context, a *artifact) (*os.File, error) {
	all := f.places.of(*a)
	var failed []error
	for i, from := range all {
		file, err := f.openAt(ctx, a, from, i == len(all)-1)
		if err == nil {
			return file, nil
		}
		if len(all) == 1 || context.Cause(ctx) != nil || fault.OfLocal(err) == fault.LocalNoSpace {
			return nil, err
		}
		if errors.As(err, new(*transientError)) {
			f.places.isAway(from.server)
		}
		failed = append(failed, fmt.Errorf("%s: %w", from.at, err))
	}
	return nil, placesError(failed)
}

// placesError is why an artifact could be had at none of several places.
type placesError []error

func (e placesError) Error() string {
	var b strings.Builder
	b.WriteString("not to be had anywhere:")
	for _, err := range e {
		b.WriteString("\n    " + err.Error())
	}
	return b.String()
}

// Unwrap returns the error of each place.
func (e placesError) Unwrap() []error { return e }

// openAt is open for one place; the last one is tried with more patience.
func (f *fetcher) openAt(ctx context.Context, a *artifact, from place, isLast bool) (*os.File, error) {
	if from.isFile {
		return f.openFile(ctx, a, from)
	}
	if err := f.ways.lostAt(from.server); err != nil {
		return nil, err
	}
	file, keep, err := f.partial(*a)
	if err != nil {
		return nil, err
	}
	retry := f.retry
	if !isLast {
		retry.attempts = min(retry.attempts, impatientAttempts)
	}
	s, err := newFileSink(*a, file, report{to: f.progress, name: a.name(), total: a.size})
	if err == nil {
		err = retry.do(ctx, func() error { return f.ways.judge(from.server, f.try(ctx, a, from, s)) })
		f.ways.giveUp(from.server, err)
	}
	mayGoOn := errors.As(err, new(*transientError)) || context.Cause(ctx) != nil
	if !keep || err == nil || !mayGoOn || s.n == 0 {
		os.Remove(file.Name()) // the bytes stay as long as the file is open
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

// try fetches what the sink lacks, once. What is not the right thing goes.
func (f *fetcher) try(ctx context.Context, a *artifact, from place, s *sink) error {
	var err error
	if from.isImage {
		// The archive is packed here, from its beginning.
		if err = s.restart(); err == nil {
			err = f.pull(ctx, *a, from, s)
		}
	} else if a.sum == "" || hex.EncodeToString(s.sum.Sum(nil)) != a.sum {
		err = f.download(ctx, from, s)
	}
	if err == nil {
		err = accept(a, s)
	}
	if errors.As(err, new(*mismatchError)) {
		return errors.Join(err, s.restart())
	}
	return err
}

// partial opens the file that an artifact is fetched into. That of an artifact whose sum is known
// may have a part, from a run that was cut off; the caller holds the artifact's lock.
func (f *fetcher) partial(a artifact) (file *os.File, keep bool, err error) {
	if a.sum == "" || a.image != "" {
		file, err = os.CreateTemp(f.cache.tmp(), "artifact-*")
		return file, false, err
	}
	file, err = os.OpenFile(filepath.Join(f.cache.tmp(), "partial-"+a.sum), os.O_RDWR|os.O_CREATE, 0o600)
	return file, true, err
}

// openFile opens an artifact in a mirror that is a directory.
func (f *fetcher) openFile(ctx context.Context, a *artifact, from place) (*os.File, error) {
	file, err := os.Open(from.at)
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
	if _, err = io.Copy(s, interruptible.Reader(ctx, file)); err == nil {
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
