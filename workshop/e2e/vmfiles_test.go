//go:build e2e && vm

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// files are the sums of what lies where the tool writes, by path.
type files map[string]string

// emptySum is the SHA-256 of nothing.
const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

var (
	// accounts are written by useradd, several times in a run, so that there are more than two
	// states of them.
	accounts = regexp.MustCompile(`^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$`)
	// ledgers are the tool's own notes, which differ from run to run, and what follows from the
	// subnet that the node got.
	ledgers = regexp.MustCompile(`^/var/lib/kbootstrap/|^/opt/kbootstrap/agent/|^/etc/kubernetes/cni/`)
	// temporary are names that no program looks for.
	temporary = regexp.MustCompile(`\.kbootstrap-\d+$|\.part-|\.use-\d+$|\.new$|^/opt/kbootstrap/blobs/`)
	// programs are large: the run gives them their names at once and waits for the disk at its end,
	// and the next one believes no sum from before a boot (decision 13).
	programs = regexp.MustCompile(`^/opt/kbootstrap/|^/usr/local/bin/|^/opt/cni/bin/`)
)

// files asks the machine for the sums. What containerd has unpacked of images is listed without
// the numbers of its directories; several layers may have one path, so the sum is part of the name.
func (m *machine) files() files {
	m.t.Helper()
	const script = `find /etc /opt /usr/local /var/lib/kbootstrap -xdev -type f -print0 | xargs -0 sha256sum
cd /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots 2>/dev/null || exit 0
find . -path './*/fs/*' -type f -print0 | xargs -0 -r sha256sum | sed 's|\./[0-9]*/fs/|/image/|'`
	r := m.runLab(5*time.Minute, "exec", "cp1", "--", "sh", "-c", script)
	if r.code != 0 {
		m.fatalf("sums of files: exit %d\n%s", r.code, r.stderr)
	}
	found := files{}
	for line := range strings.Lines(r.stdout) {
		sum, path, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			m.fatalf("not a line of sha256sum: %q", line)
		}
		if strings.HasPrefix(path, "/image/") {
			path += " " + sum
		}
		found[path] = sum
	}
	return found
}

// isOfItsRun reports whether a file is another one after every run.
func isOfItsRun(path string) bool { return ledgers.MatchString(path) || accounts.MatchString(path) }

// remains is what a cut has left.
type remains struct {
	old, new, missing         int // of the files that an unbroken run changes
	temporary, programs, torn []string
}

func (r remains) String() string {
	return fmt.Sprintf("%d files old, %d new, %d missing, temporary %q, programs not whole %q, torn %q", r.old, r.new,
		r.missing, r.temporary, r.programs, r.torn)
}

// compare tells of each file whether it is the old or the new one.
func (f files) compare(bare, golden files) remains {
	var r remains
	for _, path := range slices.Sorted(maps.Keys(f)) {
		was, had := bare[path]
		wanted, has := golden[path]
		switch sum := f[path]; {
		case had && has && was == wanted && sum == was, strings.HasPrefix(path, "/image/"):
		case temporary.MatchString(path):
			r.temporary = append(r.temporary, path)
		case has && sum == wanted:
			r.new++
		case had && sum == was:
			r.old++
		case isOfItsRun(path) && sum != emptySum:
		case programs.MatchString(path):
			r.programs = append(r.programs, path)
		default:
			r.torn = append(r.torn, path)
		}
	}
	for path := range golden {
		if _, there := f[path]; !there && !strings.HasPrefix(path, "/image/") {
			r.missing++
		}
	}
	return r
}

// ofImages lists what containerd has unpacked.
func (f files) ofImages() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f)), func(path string) bool {
		return !strings.HasPrefix(path, "/image/")
	})
}

// differ lists what is not as in the golden files. An import that was cut may leave more layers
// than those of its image; containerd removes them in its time.
func (f files) differ(golden files) string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(golden)) {
		if sum, there := f[path]; !isOfItsRun(path) && sum != golden[path] {
			fmt.Fprintf(&b, "%s: there %t\n", path, there)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(f)) {
		if _, known := golden[path]; !known && !isOfItsRun(path) && !strings.HasPrefix(path, "/image/") {
			fmt.Fprintf(&b, "%s: is new\n", path)
		}
	}
	return b.String()
}
