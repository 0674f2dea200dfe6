package release

import (
	"maps"
	"slices"
	"testing"
)

// TestMinorsHaveNoGap expects every minor version between the oldest and the newest.
func TestMinorsHaveNoGap(t *testing.T) {
	oldest, newest := Minors()
	if len(minors) != newest-oldest+1 {
		t.Errorf("the minors from %d to %d are %v", oldest, newest, slices.Sorted(maps.Keys(minors)))
	}
}

func TestContainerdCompatibility(t *testing.T) {
	for _, test := range []struct {
		minor      int
		containerd string
		ok         bool
	}{
		{36, "2.2.0", true}, {36, "2.2.7", true}, {36, "2.3.4", true}, {36, "3.0.0", true},
		{36, "2.2.0-rc.1", false}, {36, "2.1.9", false}, {36, "1.7.34", false},
		{35, "1.7.28", true}, {35, "1.7.27", false}, {35, "2.1.5", true}, {35, "2.1.4", false}, {35, "2.0.11", false},
		{35, "2.2.0", true},
		{34, "2.1.3", true}, {34, "2.1.2", false}, {34, "2.0.6", true}, {34, "1.6.39", false},
		{32, "2.0.0", false}, {32, "2.0.1", true}, {32, "1.6.36", true}, {32, "1.5.18", false},
		{29, "1.7.11", true}, {29, "1.7.10", false}, {29, "2.2.0", true},
	} {
		if err := checkContainerd(test.minor, test.containerd); (err == nil) != test.ok {
			t.Errorf("Kubernetes 1.%d with containerd %s: %v", test.minor, test.containerd, err)
		}
	}
}
