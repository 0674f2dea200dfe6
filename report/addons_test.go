package report

import (
	"testing"

	"kbootstrap/provision"
)

// TestStatesOfAddOns: what was not asked is not healthy, and what is off and there is not off.
func TestStatesOfAddOns(t *testing.T) {
	for _, test := range []struct {
		a     provision.AddOnStatus
		state string
		sick  bool
	}{
		{provision.AddOnStatus{On: true, Known: true, Installed: true}, "healthy", false},
		{provision.AddOnStatus{On: true, Known: true}, "differs", false},
		{provision.AddOnStatus{On: true, Known: true, Problem: "rollout is not complete"}, "broken", true},
		{provision.AddOnStatus{On: true}, "unknown", true},
		{provision.AddOnStatus{Known: true, Installed: true}, "off", false},
		{provision.AddOnStatus{Known: true, Left: true}, "left", false},
	} {
		test.a.Reach = "kubectl top nodes"
		out := NewAddOns([]provision.AddOnStatus{test.a})
		if got := out.AddOns[0]; got.State != test.state || out.Sick() != test.sick || (got.Reach != "") != test.a.On {
			t.Errorf("%+v: %+v, sick %t", test.a, got, out.Sick())
		}
	}
}
