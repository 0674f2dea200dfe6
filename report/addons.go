package report

import (
	"slices"

	"kbootstrap/provision"
)

// AddOns is the result of addons: what there is for the users of a cluster.
type AddOns struct {
	// The add-ons, in the order in which they come about.
	AddOns []AddOn `json:"addons"`
}

// AddOn is one add-on.
type AddOn struct {
	// Its field under addons of the inventory; dns cannot be turned off.
	Name string `json:"name"`
	// The component that it is, for --only.
	Component string `json:"component"`
	// What it is for.
	What string `json:"what"`
	// Whether the inventory has it on.
	On bool `json:"on"`
	// The version that the cluster has or is to have; absent if the add-on is off.
	Version string `json:"version,omitempty"`
	// How it is: healthy, off, left (off, and the cluster has something of it), differs (up has
	// something to do), starting (it was changed a moment ago), broken, or unknown.
	State string `json:"state"`
	// Why it does not work; absent if it does.
	Problem string `json:"problem,omitempty"`
	// How users come to it; absent if it is off.
	Reach string `json:"reach,omitempty"`
}

// NewAddOns tells how the add-ons are.
func NewAddOns(all []provision.AddOnStatus) AddOns {
	out := AddOns{AddOns: []AddOn{}}
	for _, a := range all {
		told := AddOn{
			Name: a.Name, Component: a.Component, What: a.What, On: a.On, Version: a.Version, State: stateOfAddOn(a),
			Problem: a.Problem,
		}
		if a.On {
			told.Reach = a.Reach
		}
		out.AddOns = append(out.AddOns, told)
	}
	return out
}

func stateOfAddOn(a provision.AddOnStatus) string {
	switch {
	case !a.Known:
		return "unknown"
	case a.Left:
		return "left"
	case !a.On:
		return "off"
	case a.Problem != "":
		return "broken"
	case !a.Installed:
		return "differs"
	case a.Starting:
		return "starting"
	}
	return "healthy"
}

// Sick reports whether an add-on that is on does not work, or could not be asked.
func (a AddOns) Sick() bool {
	for _, each := range a.AddOns {
		if each.On && (each.State == "broken" || each.State == "unknown") {
			return true
		}
	}
	return false
}

// Starts reports whether an add-on has yet to become what it is to be, by itself.
func (a AddOns) Starts() bool {
	return slices.ContainsFunc(a.AddOns, func(each AddOn) bool { return each.State == "starting" })
}
