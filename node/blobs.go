package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/posix"
)

// blobs is the store of contents that have arrived on the host, each a file named by its sha256. It
// lies below /opt, so that a content becomes a file of the host by rename. It lives for one
// session; only the session that has the lock writes to it. Its directory is named by the time
// since the host was started: contents from before are not used, because they were not flushed, and
// after a power cut a file may be there without its bytes.
type blobs struct {
	dir string
	sys *host.System // for what it changes

	mu        sync.Mutex
	abandoned map[string]string   // sum → why the control machine will not send it
	coming    map[string]int      // sum → how often it is being received
	taken     map[string]*os.File // sum → what became a file of the host in this session
	changed   chan struct{}       // closed and replaced at each change, which wakes all who wait
	uses      int
}

func newBlobs(root string) *blobs {
	return &blobs{
		dir:       filepath.Join(root, "opt/kbootstrap/blobs", host.Root(root).BootID()),
		sys:       host.NewSystem(root, nil, nil, nil),
		abandoned: map[string]string{},
		coming:    map[string]int{},
		taken:     map[string]*os.File{},
		changed:   make(chan struct{}),
	}
}

// checkSum refuses what is not a sha256 in hex: the sum becomes a file name.
func checkSum(sum string) error {
	if len(sum) != hex.EncodedLen(sha256.Size) || strings.Trim(sum, "0123456789abcdef") != "" {
		return requestError{fmt.Errorf("not a sha256 sum: %q", sum)}
	}
	return nil
}

func (b *blobs) path(sum string) string { return filepath.Join(b.dir, sum) }

// prepare removes what a killed session left half done, and all from before the last boot. Whole
// contents stay: their names were only given after their sums were right.
func (b *blobs) prepare() error {
	if store := filepath.Dir(b.dir); filepath.Base(store) == "blobs" {
		boots, err := os.ReadDir(store)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range boots {
			if e.Name() != filepath.Base(b.dir) {
				if err := b.sys.RemoveAll(filepath.Join(store, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	if err := b.sys.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if checkSum(e.Name()) == nil {
			continue
		}
		if err := b.sys.Remove(filepath.Join(b.dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// clear removes the store.
func (b *blobs) clear() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, file := range b.taken {
		_ = file.Close()
	}
	clear(b.taken)
	if err := b.sys.RemoveAll(b.dir); err != nil {
		return err
	}
	if store := filepath.Dir(b.dir); filepath.Base(store) == "blobs" {
		_ = b.sys.Remove(store) // it goes when no other session has a directory in it
	}
	return nil
}

// missing returns those of the sums that have not arrived, in the same order.
func (b *blobs) missing(sums []string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	missing := []string{}
	for _, sum := range sums {
		if err := checkSum(sum); err != nil {
			return nil, err
		}
		if b.taken[sum] != nil {
			continue
		}
		if _, err := os.Stat(b.path(sum)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, sum)
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// begin notes that a content is on its way, and no longer abandoned: the node does not need to ask
// for it. The returned function is called when it has arrived or when it will not, and wakes those
// who wait.
func (b *blobs) begin(sum string) (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.coming[sum]++
	delete(b.abandoned, sum)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.coming[sum]--; b.coming[sum] == 0 {
			delete(b.coming, sum)
		}
		close(b.changed)
		b.changed = make(chan struct{})
	}
}

// abandon tells those who wait that a content will not come, and why.
func (b *blobs) abandon(sum, cause string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.abandoned[sum] = cause
	close(b.changed)
	b.changed = make(chan struct{})
}

// isComing reports whether a content is on its way.
func (b *blobs) isComing(sum string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.coming[sum] > 0
}

// askAgain is how long a content is waited for until it is asked for again: the first time may have
// been in the moment in which the control machine took it for sent.
const askAgain = 10 * time.Second

// open returns a content once it has arrived. While it is neither there nor on its way, need is
// called, at once and every few seconds. It ends early when ctx does or when the content was
// abandoned.
func (b *blobs) open(ctx context.Context, sum string, need func()) (host.Blob, error) {
	if err := checkSum(sum); err != nil {
		return nil, err
	}
	asking := time.NewTimer(0)
	defer asking.Stop()
	for {
		b.mu.Lock()
		cause, abandoned := b.abandoned[sum]
		changed := b.changed
		blob, err := b.take(sum)
		b.mu.Unlock()
		switch {
		case err == nil:
			return blob, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("content %s: %w", sum, err)
		case abandoned:
			return nil, fault.ContentNotSent.Errorf("content %s: the control machine cannot send it: %s", sum, cause)
		}
		select {
		case <-changed:
		case <-asking.C:
			if !b.isComing(sum) {
				need()
			}
			asking.Reset(askAgain)
		case <-ctx.Done():
			return nil, fmt.Errorf("content %s: it was still to be sent when: %w", sum, context.Cause(ctx))
		}
	}
}

// take gives the caller a name of its own for the content, so that one who takes it by rename does
// not take it from another resource with the same content. The first gets a hard link, which costs
// nothing; as long as that link lives, in the store or as a file of the host, the next get a copy,
// because two files of the host must not share their mode.
func (b *blobs) take(sum string) (host.Blob, error) {
	b.uses++
	use := fmt.Sprintf("%s.use-%d", b.path(sum), b.uses)
	err := b.name(sum, use)
	if err != nil {
		_ = b.sys.Remove(use)
		return nil, err
	}
	file, err := os.Open(use)
	if err != nil {
		_ = b.sys.Remove(use)
		return nil, err
	}
	return &blob{File: file, sum: sum, store: b}, nil
}

func (b *blobs) name(sum, use string) error {
	if source := b.taken[sum]; source != nil {
		return b.copyVerified(source, use, sum)
	}
	source, err := os.Open(b.path(sum))
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if stat, ok := posix.StatOf(info); ok && stat.Links == 1 && b.sys.Link(b.path(sum), use) == nil {
		return nil
	}
	return b.copyVerified(source, use, sum)
}

// release ends a use. When the content was taken by rename, the store gives up its own name for it
// at once: doing so later would change the inode's ctime under a file of the host, by which a
// change of that file is noticed. What is kept is the open file, for others who want the same
// content.
func (b *blobs) release(use *blob) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.sys.Remove(use.Path())
	if !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(use.File.Close(), err)
	}
	if b.taken[use.sum] != nil {
		return use.File.Close()
	}
	b.taken[use.sum] = use.File
	if err := b.sys.Remove(b.path(use.sum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyVerified copies a content. It looks at the sum again, because a file of the host may be the
// source's inode, and whoever uses that file may have written to it.
func (b *blobs) copyVerified(from *os.File, to, sum string) error {
	return b.sys.Step(host.Step{Op: host.OpWrite, Path: to}, func() (err error) {
		target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, target.Close()) }()
		hash := sha256.New()
		if _, err := io.Copy(io.MultiWriter(target, hash), io.NewSectionReader(from, 0, math.MaxInt64)); err != nil {
			return err
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
			return fault.ContentDamaged.Errorf("changed on the host since it arrived: its sum is now %s", got)
		}
		return nil
	})
}

// blob is a content in use.
type blob struct {
	*os.File
	sum   string
	store *blobs
}

// Path is the name of the content for this use.
func (b *blob) Path() string { return b.Name() }

// Close ends the use.
func (b *blob) Close() error { return b.store.release(b) }
