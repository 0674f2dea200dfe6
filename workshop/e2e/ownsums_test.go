//go:build e2e && hosts

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestHostsOwnSums takes a cluster whose sums only its lock knows, from no lock at all
// to one that is held against the cache, the inventory and the images on a host.
func TestHostsOwnSums(t *testing.T) {
	t.Setenv("KBOOTSTRAP_CACHE", t.TempDir())
	l := newLab(t, "ownsums", "--control-planes", "1", "--workers", "1")
	lock := filepath.Join(filepath.Dir(l.inventory), "artifacts.lock")
	l.edit(", lock: ", ", lock: artifacts.lock} # ")
	l.edit("artifacts: {mirror:", "artifacts: {ownBuilds: true, mirror:")

	// Without a lock nothing is fetched, and no host is asked.
	l.mustRefuse(1, []string{"up", "status"}, "KB4001", "kubelet", "--record")
	l.must(15*time.Minute, "up", "--record", "-i", l.inventory)
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	l.upAgain()

	// An index of the cache that calls another program etcd is not believed: the lock has the sums
	// of members.
	etcd := regexp.MustCompile(`-linux-amd64/etcd": ([0-9a-f]{64})`).FindSubmatch(text)
	ctl := regexp.MustCompile(`-linux-amd64/etcdctl": ([0-9a-f]{64})`).FindSubmatch(text)
	if etcd == nil || ctl == nil {
		t.Fatalf("the lock has no members:\n%s", text)
	}
	indexes, err := filepath.Glob(filepath.Join(os.Getenv("KBOOTSTRAP_CACHE"), "index", "*.json"))
	if err != nil || len(indexes) == 0 {
		t.Fatalf("the cache has no index: %v", err)
	}
	changed := 0
	for _, path := range indexes {
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if tampered := strings.ReplaceAll(string(old), string(etcd[1]), string(ctl[1])); tampered != string(old) {
			changed++
			if err := os.WriteFile(path, []byte(tampered), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if changed == 0 {
		t.Fatal("no index names etcd")
	}
	l.upAgain()

	// A cache that others can write to is refused.
	index := filepath.Dir(indexes[0])
	if err := os.Chmod(index, 0o777); err != nil {
		t.Fatal(err)
	}
	l.mustRefuse(1, []string{"plan"}, "KB4012", index)
	if err := os.Chmod(index, 0o700); err != nil {
		t.Fatal(err)
	}

	// A lock that contradicts the projects is told of, and refused when the builds are said to be
	// theirs.
	l.edit("ownBuilds: true, ", "")
	l.mustRefuse(0, []string{"plan"}, "KB4010", "ownBuilds: true")
	l.edit("artifacts: {mirror:", "artifacts: {ownBuilds: false, mirror:")
	l.mustRefuse(1, []string{"up"}, "KB4010", "published")
	l.edit("ownBuilds: false", "ownBuilds: true")

	otherImage(t, l)
}

// otherImage puts another image under the name of pause, as an import by another program would.
func otherImage(t *testing.T, l *lab) {
	ctr := []string{"/usr/local/bin/ctr", "-n", "k8s.io", "images"}
	refs := strings.Fields(l.exec("w1", append(ctr, "ls", "-q")...))
	var pause, coredns string
	for _, ref := range refs {
		switch {
		case strings.HasPrefix(ref, "registry.k8s.io/pause:"):
			pause = ref
		case strings.HasPrefix(ref, "registry.k8s.io/coredns/"):
			coredns = ref
		}
	}
	if pause == "" || coredns == "" {
		t.Fatalf("images: %q", refs)
	}
	l.exec("w1", append(ctr, "tag", "--force", coredns, pause)...)
	plan := l.must(5*time.Minute, "plan", "-i", l.inventory)
	if !strings.Contains(plan, "~ image "+pause) || !strings.Contains(plan, "-id ") {
		t.Errorf("the plan does not replace the image:\n%s", plan)
	}
	l.up()
	l.upAgain()
}
