package provision

import (
	"os"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/fleet"
)

// TestStateLost: without the state directory a cluster that is there keeps its authorities, and
// nothing is made.
func TestStateLost(t *testing.T) {
	for _, test := range []struct {
		what   string
		stages []Stage
		token  string
		want   fault.Code
		state  bool // a state directory is made
	}{
		{"to change a new cluster", []Stage{IssueKeys, KeepKeys}, "", "", true},
		{"to change one that is there", []Stage{IssueKeys, KeepKeys}, "kbootstrap-small", fault.StateLost, false},
		{"to change one of another name", []Stage{IssueKeys, KeepKeys}, "kbootstrap-other", fault.OtherCluster, false},
		{"to plan a new cluster", []Stage{IssueKeys}, "", "", false},
		{"to plan one that is there", []Stage{IssueKeys}, "kbootstrap-small", fault.StateLost, false},
		{"to see the health of one that is there", []Stage{PreviewKeys}, "kbootstrap-small", "", false},
		{"to keep nothing of one that is there", []Stage{PreviewKeys, KeepKeys}, "kbootstrap-small", "", false},
		{"to compare one that is there", []Stage{PreviewKeys, NeedKeys}, "kbootstrap-small", fault.StateLost, false},
	} {
		c := fixture.Parse(t, fixture.Small)
		r := &Run{Cluster: c, Fleet: fleet.Fleet{"cp1": {Facts: host.Facts{EtcdBootstrapped: test.token}}, "w1": {}}}
		if err := LoadKeys(t.Context(), r); err != nil || r.PKI != nil {
			t.Fatalf("%s: %v, %v", test.what, err, r.PKI)
		}
		err := goThrough(t.Context(), r, test.stages)
		if fault.Of(err) != test.want || err == nil && r.PKI == nil {
			t.Errorf("%s: got %v", test.what, err)
		}
		if _, err := os.Stat(c.StateDir()); (err == nil) != test.state {
			t.Errorf("%s: the state directory: %v", test.what, err)
		}
	}
}
