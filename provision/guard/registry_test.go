package guard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
)

// TestMovedRegistry: the images stay where they are, so the registry does too, until its owner
// turns it off.
func TestMovedRegistry(t *testing.T) {
	for _, test := range []struct {
		what, addons string
		want         []string
	}{
		{"the same host", "addons: {registry: {enabled: true, host: w1}}\n", nil},
		{"another host", "addons: {registry: {enabled: true, host: cp1}}\n",
			[]string{string(fault.RegistryMoved) + " w1"}},
		{"the default, which is another", "addons: {registry: {enabled: true}}\n",
			[]string{string(fault.RegistryMoved) + " w1"}},
		{"off", "", nil},
	} {
		s := Situation{Cluster: fixture.Parse(t, fixture.Small+test.addons), Facts: map[string]host.Facts{
			"cp1": {}, "w1": {Units: []string{"kubelet.service", component.RegistryUnit}},
		}}
		refused := movedRegistry(s)
		if d := cmp.Diff(test.want, codesOf(refused)); d != "" {
			t.Errorf("%s:\n%s", test.what, d)
		}
		for _, r := range refused {
			if !strings.Contains(r.Hint(), "addons.registry.host to w1") {
				t.Errorf("%s: no way out: %s", test.what, r.Hint())
			}
		}
	}
}
