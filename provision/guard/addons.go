package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource/api"
)

// AddOnChange is what a run would do to what users have of an add-on.
type AddOnChange struct {
	component.AddOn
	// Taken are objects that the add-on would be given and that the tool has not made: "APIService
	// v1beta1.metrics.k8s.io".
	Taken []string
	// Dropped is how many objects the cluster would lose with the add-on.
	Dropped int
}

// AddOnChanges are the changes of a plan that has been compared with the cluster.
func AddOnChanges(p plan.Plan) []AddOnChange {
	var changes []AddOnChange
	for _, s := range p.Steps {
		a := s.Component.AddOn
		if a == nil || a.IsOn == nil || len(s.Found) != len(s.Wanted) {
			continue
		}
		c := AddOnChange{AddOn: *s.Component.AddOn}
		var noted []api.ObjectRef
		for i, found := range s.Found {
			switch found := found.(type) {
			case api.ObjectSet:
				noted = found.Objects
				if wanted, _ := s.Wanted[i].(api.ObjectSet); len(wanted.Objects) == 0 {
					c.Dropped = len(noted)
				}
			case api.Object:
				ref, err := api.RefOf(found)
				if err == nil && !found.Absent && found.Foreign && !slices.Contains(noted, ref) {
					c.Taken = append(c.Taken, strings.TrimPrefix(found.ID(), "object "))
				}
			}
		}
		if c.Dropped > 0 || c.Taken != nil {
			changes = append(changes, c)
		}
	}
	return changes
}

// addOns refuses to take over what others have made in the cluster, and to turn off what users have
// data in, unless the run says so.
func addOns(s Situation) Refusals {
	var rs Refusals
	for _, c := range s.AddOns {
		if c.Taken != nil {
			rs = append(rs, &RefusedError{
				Code: fault.AddOnTaken,
				Text: fmt.Sprintf("the add-on %s would take over what is in the cluster and was not made by it: %s",
					c.Field, strings.Join(c.Taken, ", ")),
				Advice: fmt.Sprintf("keep yours with addons: {%s: {enabled: false}}, or remove yours first", c.Field),
			})
		}
		if c.Dropped > 0 && c.HasData && !slices.Contains(s.Dropping, c.Field) {
			rs = append(rs, &RefusedError{
				Code: fault.AddOnDropped,
				Text: fmt.Sprintf("the inventory turns the add-on %s off, which deletes its %d objects; users may "+
					"have data in it", c.Field, c.Dropped),
				Advice: fmt.Sprintf("give --remove-addon %s if that is meant; else set addons.%s.enabled to true",
					c.Field, c.Field),
			})
		}
	}
	return rs
}
