package preflight

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// Version is which release of a component a host has, and which it should have.
type Version struct {
	Component string // "runc"
	Found     string // without a leading v; empty where there is none, or not one of the tool's
	Wanted    string
}

// Versions are the releases of components that a plan found on a host and wants there, each pair
// once. The places of programs and the names of images tell: where the programs of a release lie
// has its version.
func Versions(p plan.Plan, host string) []Version {
	var all []Version
	sources := component.Sources()
	for _, s := range p.At(host) {
		for i, w := range s.Wanted {
			for _, source := range sources {
				v := Version{Component: source.Component, Wanted: versionIn(source, w)}
				if i < len(s.Found) {
					v.Found = versionIn(source, s.Found[i])
				}
				if v.Found+v.Wanted != "" && !slices.Contains(all, v) {
					all = append(all, v)
				}
			}
		}
	}
	return all
}

// versionIn is the version of a source's component that a resource has; empty if it has none.
func versionIn(s release.Source, r resource.Resource) string {
	switch r := r.(type) {
	case resource.Link:
		return component.VersionOf(s.Component, r.Target)
	case resource.Image:
		if !r.Absent {
			return s.VersionOf(r.Ref)
		}
	case api.Object:
		var object any
		if json.Unmarshal(r.Manifest, &object) == nil {
			return s.VersionOf(imageIn(object, s))
		}
	}
	return ""
}

// imageIn is the first image of the source that a manifest names.
func imageIn(object any, s release.Source) string {
	switch object := object.(type) {
	case []any:
		for _, item := range object {
			if image := imageIn(item, s); image != "" {
				return image
			}
		}
	case map[string]any:
		if image, ok := object["image"].(string); ok && s.VersionOf(image) != "" {
			return image
		}
		for _, field := range object {
			if image := imageIn(field, s); image != "" {
				return image
			}
		}
	}
	return ""
}

// safeVersions warns of releases with known holes: those on a host, and those that the plan would
// put there. One finding is about one release, on all hosts that have it.
func safeVersions(s Scene) []Finding {
	var found []Finding
	var fine []string
	for _, h := range s.Hosts {
		before := len(found)
		for _, v := range h.Versions {
			text, hint := weakness(v, s.Now)
			if text == "" {
				continue
			}
			i := slices.IndexFunc(found, func(f Finding) bool { return f.Evidence == text })
			if i < 0 {
				i = len(found)
				found = append(found, Finding{Level: Warn, Evidence: text, Hint: hint})
			}
			if !slices.Contains(found[i].Hosts, h.Name) {
				found[i].Hosts = append(found[i].Hosts, h.Name)
			}
		}
		told := func(f Finding) bool { return slices.Contains(f.Hosts, h.Name) }
		if len(found) == before && !slices.ContainsFunc(found, told) {
			fine = append(fine, h.Name)
		}
	}
	if fine != nil {
		found = append(found, Finding{Level: OK, Hosts: fine, Evidence: "no known hole"})
	}
	return found
}

// weakness says what is wrong with a release that a host has or should have, and what to do. Both
// are empty where nothing is.
func weakness(v Version, now time.Time) (text, hint string) {
	name := v.Component
	found, isOld := release.Weak(name, cmp.Or(v.Found, v.Wanted), now)
	wanted, stays := release.Weak(name, v.Wanted, now)
	switch {
	case !isOld && !stays:
		return "", ""
	case name == kubernetes:
		return cmp.Or(found.Why, wanted.Why), "make a new cluster of a supported minor version, and move to it"
	case isOld && !stays && v.Wanted != "":
		return fmt.Sprintf("%s %s has %s; `up` installs %s", name, v.Found, found.Why, v.Wanted),
			"kbootstrap up"
	}
	version := cmp.Or(v.Wanted, v.Found)
	if v.Wanted != "" {
		found = wanted
	}
	text = fmt.Sprintf("%s %s has %s", name, version, found.Why)
	hint = "leave versions." + name + " out of the inventory"
	if found.Lowest != "" {
		text += fmt.Sprintf("; `versions: {%s: %s}` or later closes that", name, found.Lowest)
		hint += ", or name " + found.Lowest + " or later"
	}
	return text, hint + "; then run `up`"
}

// kubernetes is the component of all programs of Kubernetes.
const kubernetes = "kubernetes"
