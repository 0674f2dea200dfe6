package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
)

// tried says of a minor version what was run of it in the lab. A version that is not here is
// derived.
var tried = map[int]struct{ release, made, onward string }{
	33: {"1.33.13", "three and two",
		"to 1.34.4, 1.35.4 and 1.36.3, one after the other, under load and in runs that were killed: " +
			"`make test-upgrade START=v1.33.13`"},
	34: {"1.34.4", "one control plane and one worker; three and two",
		"to 1.35.4, with etcd from 3.5.33 to 3.6.14: three and two; one and one, in runs that were killed, and then " +
			"to 1.36.3"},
	35: {"1.35.4", "`TestUpgrade` begins with it", "to 1.36.3: `TestUpgrade`, and `make test-upgrade` under load"},
	36: {"1.36.3", "every test", ""},
}

// TestMinorsPage writes which versions of Kubernetes there are, what goes with each, and how that
// is known.
func TestMinorsPage(t *testing.T) {
	known := map[string]string{}
	for _, v := range KnownKubernetes() {
		v = strings.TrimPrefix(v, "v")
		known[Branch(v)] = v
	}
	var b strings.Builder
	b.WriteString("| Kubernetes | known up to | etcd | metrics-server | pause | containerd, at least | " +
		"made by `up` | brought to the next by `upgrade` |\n|---|---|---|---|---|---|---|---|\n")
	for _, minor := range slices.Sorted(maps.Keys(minors)) {
		of := minors[minor]
		branch := fmt.Sprintf("1.%d", minor)
		made, onward := "derived", "derived"
		if run, has := tried[minor]; has {
			if Branch(run.release) != branch {
				t.Errorf("%s is no release of %s", run.release, branch)
			}
			made, onward = run.release+": "+run.made, run.onward
		}
		if _, newest := Minors(); minor == newest {
			onward = "there is no next one yet"
		}
		cells := []string{
			branch, known[branch], of.defaults["etcd"], of.defaults["metrics-server"], of.defaults["pause"],
			strings.Join(of.containerd, ", "), made, onward,
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	for minor := range tried {
		if _, has := minors[minor]; !has {
			t.Errorf("1.%d was tried, and cannot be installed", minor)
		}
	}
	golden.Sections(t, "../docs/systems.md", map[string]string{"minors": b.String()})
}
