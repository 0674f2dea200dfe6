package guard

import (
	"slices"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource/api"
)

// TestAddOns: what others have installed is not taken over, what the tool has made is changed
// without a question, and what users have data in goes only when the run says so.
func TestAddOns(t *testing.T) {
	const off = "addons: {metrics: {enabled: false}, storage: {enabled: false}}\n"
	for _, test := range []struct {
		what     string
		now      string
		has      bool // the cluster has both add-ons, as this tool notes it
		foreign  string
		dropping []string
		want     []fault.Code
	}{
		{what: "a bare cluster"},
		{what: "the second run", has: true},
		{what: "an add-on of the users'", foreign: "APIService v1beta1.metrics.k8s.io",
			want: []fault.Code{fault.AddOnTaken}},
		{what: "an add-on of the users', and ours off", now: off, foreign: "APIService v1beta1.metrics.k8s.io"},
		{what: "an object of ours with other fields", has: true, foreign: "Deployment kube-system/metrics-server"},
		{what: "off", now: off, has: true, want: []fault.Code{fault.AddOnDropped}},
		{what: "off, and said so", now: off, has: true, dropping: []string{"storage"}},
		{what: "off in a cluster that had none", now: off},
	} {
		c := change(t, fixture.Small, fixture.Small)
		noted := map[string]api.ObjectSet{}
		if test.has {
			for _, s := range c.plan.Steps {
				for _, w := range s.Wanted {
					if set, ok := w.(api.ObjectSet); ok {
						noted[set.Name] = set
					}
				}
			}
		}
		now := change(t, fixture.Small, fixture.Small+test.now)
		now.AddOns, now.Dropping = AddOnChanges(seen(now.plan, noted, test.foreign)), test.dropping
		var got []fault.Code
		refused, _ := Judge(now.Situation)
		for _, r := range refused {
			got = append(got, r.Code)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: refused is %v, want %v", test.what, refused, test.want)
		}
	}
}

// seen is a plan compared with a cluster that has noted what it has of add-ons, and that has one
// object of another manager.
func seen(p plan.Plan, noted map[string]api.ObjectSet, foreign string) plan.Plan {
	for i, s := range p.Steps {
		if s.Component.AddOn == nil {
			continue
		}
		for _, w := range s.Wanted {
			switch w := w.(type) {
			case api.ObjectSet:
				w.Objects = noted[w.Name].Objects
				p.Steps[i].Found = append(p.Steps[i].Found, w)
			case api.Object:
				isForeign := w.ID() == "object "+foreign
				w.Absent, w.Foreign = !isForeign, isForeign
				p.Steps[i].Found = append(p.Steps[i].Found, w)
			default:
				p.Steps[i].Found = append(p.Steps[i].Found, w)
			}
		}
	}
	return p
}

// TestAddOnsHaveFields: every add-on can be named, and told about.
func TestAddOnsHaveFields(t *testing.T) {
	for _, c := range component.Components() {
		if a := c.AddOn; a != nil && (a.Field == "" || a.What == "" || a.Reach == nil) {
			t.Errorf("%s: %+v", c.Name, *a)
		}
	}
}
