package resource_test

import (
	"context"
	"errors"
	flags "flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
	"kbootstrap/resource/kinds"
)

// The crash matrix: a run is broken at each of its steps, in each of the ways below, and then made
// again. The second run must end without an error, in the very state in which a run ends that
// nothing broke; a third must change nothing; and nothing temporary may be left. The cases are
// those of the laws, and a whole host (see crashhost_test.go).

// A crash is a way to break a run at one of its steps.
type crash string

const (
	killedBefore crash = "killed before"         // SIGKILL: from then on the process changes nothing
	killedAfter  crash = "killed after"          // the step is made, and no caller hears of it
	killedWithin crash = "killed within"         // half of the bytes are written
	refused      crash = "an error"              // the step is not made, and says so; the process lives on
	diskFull     crash = "no space left"         // half of the bytes are written, and the error says so
	cutOff       crash = "the connection is cut" // in mid-operation: the operation ends, the rest is cancelled
	powerOld     crash = "power cut, old names"  // nothing is on the disk but what was synced
	powerNames   crash = "power cut, new names"  // new names are on the disk already, unsynced bytes are not
	// Killed after, and the power is cut when the next run is done: what the first left in the page
	// cache has to be on the disk by then.
	lateOld   crash = "killed after, then finished, then a power cut, old names"
	lateNames crash = "killed after, then finished, then a power cut, new names"
	lied      crash = "nothing is done, and no error told"
	unbroken  crash = ""
)

// oneOf says how many of the matrix's cases are run: one of so many.
var oneOf = flags.Int("crash-one-of", usualOneOf, "run one of so many cases of the crash matrix; 1 runs all")

func waysToCrash() []crash {
	return []crash{
		killedBefore, killedAfter, killedWithin, refused, diskFull, cutOff, powerOld, powerNames, lateOld, lateNames,
	}
}

var (
	errDead    = errors.New("the process is dead")
	errRefused = errors.New("input/output error")
	errFull    = errors.New("no space left on device")
)

// breaker stands between a run and its steps. It names each step, and breaks the run at one of
// them. A process that was killed is one for which no step is made any more: since all changes are
// steps, what it goes on thinking does not matter.
type breaker struct {
	m      *machine
	at     string // the step
	how    crash
	cancel context.CancelFunc
	disk   *disk // what a power cut would leave; nil without

	mu    sync.Mutex
	times map[string]int
	steps []string
	hit   bool
	dead  bool
}

var (
	tempName = regexp.MustCompile(`\.kbootstrap-\d+`)
	pidName  = regexp.MustCompile(`(/proc|process) ?/?\d+(/fd/\d+)?`)
)

// name is the same in each run of a case: without the root, and what is random or a number of a
// process.
func (b *breaker) name(step host.Step) string {
	text := strings.ReplaceAll(step.String(), b.m.Root, "")
	text = pidName.ReplaceAllString(tempName.ReplaceAllString(text, ".kbootstrap-*"), "$1 N")
	b.times[text]++
	return fmt.Sprintf("%s #%d", text, b.times[text])
}

func (b *breaker) around(step host.Step, do func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead {
		return errDead
	}
	name := b.name(step)
	b.steps = append(b.steps, name)
	if step.Op == host.OpSync {
		do = func() error { return nil } // of the model only: the test's own disk need not be waited for
	}
	if b.disk != nil {
		do = b.disk.watching(step, do)
	}
	if name != b.at || b.how == unbroken {
		return do()
	}
	b.hit = true
	switch b.how {
	case lied:
		return nil
	case refused:
		return errRefused
	case diskFull:
		b.half(step, do)
		return errFull
	case cutOff:
		b.cancel()
		return do()
	case killedAfter, lateOld, lateNames:
		_ = do()
	case killedWithin:
		b.half(step, do)
	}
	b.dead = true
	b.cancel()
	return errDead
}

// half makes the first half of a step that can be half made.
func (b *breaker) half(step host.Step, do func() error) {
	switch step.Op {
	case host.OpWrite:
		if strings.Contains(step.Path, "/proc/") || do() != nil {
			return // a parameter of the kernel is written whole
		}
		info, err := os.Stat(step.Path)
		b.m.must(err)
		b.m.must(os.Truncate(step.Path, info.Size()/2))
	case host.OpRemoveAll:
		if entries, err := os.ReadDir(step.Path); err == nil && len(entries) > 0 {
			b.m.must(os.RemoveAll(filepath.Join(step.Path, entries[0].Name())))
		}
	}
}

// A crashCase is a machine, and what a run does to it.
type crashCase struct {
	start func(m *machine)
	run   func(ctx context.Context, m *machine) error
	check func(m *machine) // of what is reached in the end
	// whole checks what lies on the disk after a power cut and before the next run. May be nil.
	whole  func(m *machine)
	bare   bool // nothing of the tool's own is there yet: making it are steps too
	noDisk bool // what is changed is the kernel's, and gone with a power cut
	// lasts checks what lies on the disk after a power cut that came when a run was done. May be
	// nil.
	lasts func(m *machine)
}

// machineFor is a machine in its first state.
func (c crashCase) machineFor(t *testing.T) *machine {
	m := newMachine(t)
	if !c.bare {
		m.must(os.MkdirAll(m.Path("/run/kbootstrap"), 0o755))
		m.must(os.MkdirAll(m.Path("/var/lib/blobs"), 0o755))
		m.must(m.PrivateDirs())
	}
	if c.start != nil {
		c.start(m)
	}
	m.boots("first")
	return m
}

// process makes a run as a process of its own, which knows nothing of the one before.
func (c crashCase) process(m *machine, at string, how crash, disk *disk) (*breaker, error) {
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	b := &breaker{m: m, at: at, how: how, cancel: cancel, disk: disk, times: map[string]int{}}
	m.Close()
	m.System = host.NewSystem(m.Root, m.run, m.blob, func(string) {})
	m.Around = b.around
	err := m.Recover()
	if err == nil {
		err = c.run(ctx, m)
	}
	if err == nil {
		err = m.Flush()
	}
	m.Around = nil
	return b, err
}

// golden is what a run reaches that nothing breaks, and its steps.
func (c crashCase) golden(t *testing.T) (steps []string, golden string) {
	t.Helper()
	t.Run("golden", func(t *testing.T) {
		m := c.machineFor(t)
		b, err := c.process(m, "", unbroken, nil)
		m.must(err)
		c.check(m)
		again, err := c.process(m, "", unbroken, nil)
		m.must(err)
		if steps := changes(again.steps); len(steps) > 0 {
			t.Fatalf("a second run has steps: %q", steps)
		}
		steps, golden = b.steps, m.everything()
	})
	return steps, golden
}

// matrix breaks the run at each step in each way.
func (c crashCase) matrix(t *testing.T) (points, cases int) {
	t.Helper()
	steps, golden := c.golden(t)
	for i, at := range steps {
		for _, how := range waysToCrash() {
			if (how == killedWithin || how == diskFull) &&
				!strings.HasPrefix(at, string(host.OpWrite)+" ") && !strings.HasPrefix(at, string(host.OpRemoveAll)) {
				continue // it is made whole or not at all
			}
			if c.noDisk && strings.Contains(string(how), "power") ||
				c.lasts == nil && (how == lateOld || how == lateNames) {
				continue
			}
			if cases++; cases%*oneOf != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s at step %d", how, i+1), func(t *testing.T) {
				t.Log(how, "at:", at)
				c.broken(t, at, how, golden)
			})
		}
	}
	if c.lasts != nil && !c.noDisk {
		for _, how := range []crash{powerOld, powerNames} {
			cases++
			t.Run(string(how)+" when it is done", func(t *testing.T) { c.done(t, how) })
		}
	}
	return len(steps), cases
}

func (c crashCase) broken(t *testing.T, at string, how crash, golden string) {
	m := c.machineFor(t)
	var disk *disk
	if how == powerOld || how == powerNames || how == lateOld || how == lateNames {
		disk = newDisk(m)
	}
	b, err := c.process(m, at, how, disk)
	if !b.hit && strings.Contains(at, host.SumsFile) {
		return // whether a sum is remembered depends on how long ago the file was written
	}
	if !b.hit {
		t.Fatalf("the run did not come to this step, but: %q, %v", b.steps, err)
	}
	if how == powerOld || how == powerNames {
		disk.cut(how)
		m.boot()
		if c.whole != nil {
			c.whole(m)
		}
	}
	if _, err := c.process(m, "", unbroken, disk); err != nil {
		t.Fatalf("the second run: %v", err)
	}
	if how == lateOld || how == lateNames {
		disk.cut(map[crash]crash{lateOld: powerOld, lateNames: powerNames}[how])
		m.boot()
		c.lasts(m)
		return
	}
	c.check(m)
	got := m.everything()
	if how == powerOld || how == powerNames {
		golden, got = durablePart(golden), durablePart(got)
	}
	if d := cmp.Diff(golden, got); d != "" {
		t.Errorf("the second run ends otherwise than one that nothing broke:\n%s", d)
	}
	third, err := c.process(m, "", unbroken, nil)
	if err != nil {
		t.Errorf("the third run: %v", err)
	}
	if steps := changes(third.steps); len(steps) > 0 {
		t.Errorf("the third run changes something: %q", steps)
	}
}

// changes are the steps of a run but for those of the cache of sums: the sum of a file that was
// written a moment ago is remembered by a later run.
func changes(steps []string) []string {
	isOfSums := func(step string) bool { return strings.Contains(step, host.SumsFile) }
	return slices.DeleteFunc(slices.Clone(steps), isOfSums)
}

// done cuts the power when a run is done.
func (c crashCase) done(t *testing.T, how crash) {
	m := c.machineFor(t)
	disk := newDisk(m)
	_, err := c.process(m, "", unbroken, disk)
	m.must(err)
	disk.cut(how)
	m.boot()
	c.lasts(m)
}

// lawCase is the matrix of one law: converging to what it wants.
func (l law) crashCase() crashCase {
	var before resource.Resource
	return crashCase{
		bare:   l.name == "new",
		noDisk: l.runsOnly(),
		start: func(m *machine) {
			if l.start != nil {
				l.start(m)
			}
			before = m.observe(l.wanted)
		},
		run: func(ctx context.Context, m *machine) error {
			return converge.Converge(ctx, m.System, []resource.Resource{l.wanted}, nil)
		},
		check: func(m *machine) {
			m.t.Helper()
			if found := m.observe(l.wanted); resource.Changed(found, l.wanted) {
				m.t.Errorf("in the end it differs:\n%s", resource.Diff(found, l.wanted))
			}
			if _, ok := l.wanted.(resource.Processes); ok {
				m.runsNothing()
			}
		},
		whole: func(m *machine) { m.isWhole(l.wanted, before.State()) },
		lasts: func(m *machine) { m.lasts(l.wanted) },
	}
}

// TestCrashMatrix breaks every law, and what it takes to put back what was there before.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	var points, cases atomic.Int64
	add := func(p, c int) { points.Add(int64(p)); cases.Add(int64(c)) }
	t.Run("laws", func(t *testing.T) {
		for _, l := range laws() {
			kind, err := kinds.Of(l.wanted)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(kind.Tag+"/"+l.name, func(t *testing.T) {
				if !l.forgets && kind.Tag != "ready" { // those share the kernel, and a port
					t.Parallel()
				}
				add(l.crashCase().matrix(t))
				if kinds.Has(l.wanted, kinds.Recorded) {
					t.Run("restore", func(t *testing.T) { add(l.restoreCase().matrix(t)) })
				}
			})
		}
	})
	t.Logf("%d points, %d cases", points.Load(), cases.Load())
}

// restoreCase is the matrix of putting back what a law's machine was before.
func (l law) restoreCase() crashCase {
	return crashCase{
		noDisk: l.runsOnly(),
		start: func(m *machine) {
			if l.start != nil {
				l.start(m)
			}
			m.must(converge.Converge(m.t.Context(), m.System, []resource.Resource{l.wanted}, nil))
			m.must(m.Flush())
		},
		run: func(ctx context.Context, m *machine) error { return kinds.Restore(ctx, m.System, nil, nil) },
		check: func(m *machine) {
			m.t.Helper()
			if found := m.observe(l.wanted); found.State() != l.before {
				m.t.Errorf("restored, the state is\n%s\nwant\n%s", found.State(), l.before)
			}
			if m.Exists(host.BeforeDir) {
				m.t.Error("restoring leaves records")
			}
		},
	}
}

// TestCrashSyncIsReal: the matrix has a model of the disk in place of the system call. A file of
// /proc cannot be synced, so an error shows here that the call is made.
func TestCrashSyncIsReal(t *testing.T) {
	if err := newMachine(t).Sync("/proc/version"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("syncing what cannot be synced: %v, want %v", err, syscall.EINVAL)
	}
}
