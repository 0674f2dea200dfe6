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
	// Lost are objects that would go alone, and with them what users may want to keep.
	Lost []string
	// Twice are objects that another component makes too.
	Twice []string
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
				wanted, _ := s.Wanted[i].(api.ObjectSet)
				if len(wanted.Objects) == 0 {
					c.Dropped = len(noted)
				}
				c.Lost = lost(*a, noted, wanted.Objects)
			case api.Object:
				ref, err := api.RefOf(found)
				if err == nil && !found.Absent && found.Foreign && !slices.ContainsFunc(noted, ref.IsSame) {
					c.Taken = append(c.Taken, strings.TrimPrefix(found.ID(), "object "))
				}
			}
		}
		if a.Adopts {
			c.Twice = ofOthers(p, s)
		}
		if c.Dropped > 0 || c.Taken != nil || c.Lost != nil || c.Twice != nil {
			changes = append(changes, c)
		}
	}
	return changes
}

// lost are the heavy objects that are noted and not wanted any more.
func lost(a component.AddOn, noted, wanted []api.ObjectRef) []string {
	var names []string
	for _, o := range noted {
		if a.IsHeavy != nil && a.IsHeavy(o) && !slices.ContainsFunc(wanted, o.IsSame) {
			names = append(names, o.Kind+" "+o.Where())
		}
	}
	return names
}

// ofOthers are the objects of a step that the cluster has from another component.
func ofOthers(p plan.Plan, s plan.Step) []string {
	made := map[string]bool{}
	for _, other := range p.Steps {
		if other.Component.Name != s.Component.Name {
			for _, r := range other.Wanted {
				made[r.ID()] = true
			}
		}
	}
	var names []string
	for _, r := range s.Wanted {
		if _, ok := r.(api.Object); ok && made[r.ID()] {
			names = append(names, strings.TrimPrefix(r.ID(), "object "))
		}
	}
	return names
}

// addOns refuses to take over what others have made in the cluster, and to turn off what users have
// data in, unless the run says so.
func addOns(s Situation) Refusals {
	var rs Refusals
	for _, c := range s.AddOns {
		switch {
		case c.Twice != nil:
			rs = append(rs, &RefusedError{
				Code: fault.AddOnTaken,
				Text: fmt.Sprintf("addons.%s has what the tool makes itself: %s", c.Field,
					strings.Join(c.Twice, ", ")),
				Advice: "take it out of the files, or turn the add-on off that has it",
			})
		case c.Taken != nil && c.Adopts && s.Adopts:
		case c.Taken != nil && c.Adopts:
			rs = append(rs, &RefusedError{
				Code: fault.AddOnTaken,
				Text: fmt.Sprintf("addons.%s would take over what is in the cluster and was not made by it: %s",
					c.Field, strings.Join(c.Taken, ", ")),
				Advice: "give --adopt if these are yours; from then on they go with the files",
			})
		case c.Taken != nil:
			rs = append(rs, &RefusedError{
				Code: fault.AddOnTaken,
				Text: fmt.Sprintf("the add-on %s would take over what is in the cluster and was not made by it: %s",
					c.Field, strings.Join(c.Taken, ", ")),
				Advice: fmt.Sprintf("keep yours with addons: {%s: {enabled: false}}, or remove yours first", c.Field),
			})
		}
		if c.Lost != nil && !slices.Contains(s.Dropping, c.Field) {
			rs = append(rs, &RefusedError{
				Code: fault.AddOnDropped,
				Text: fmt.Sprintf("addons.%s no longer has %s, which would be deleted with all that is in it", c.Field,
					strings.Join(c.Lost, ", ")),
				Advice: fmt.Sprintf("give --remove-addon %s if that is meant; else put it back into the files",
					c.Field),
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
