package release

import "kbootstrap/inventory"

// Artifacts describes what the cluster needs for hosts of one architecture, one artifact a line:
// its component and version, where it is from, and what is taken of it.
func Artifacts(c *inventory.Cluster, sources []Source, arch string) ([]string, error) {
	versions, err := Versions(c, sources)
	if err != nil {
		return nil, err
	}
	artifacts, err := expand(c, sources, versions, arch)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, a := range artifacts {
		line := a.component + " " + a.version + " " + a.url
		if a.image != "" {
			line += " = " + a.image
		}
		if a.orImage != nil {
			line += " or " + a.orImage.image
		}
		for _, m := range a.members {
			line += "\n  " + m.name
			if a.archive {
				line += " from " + m.path
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// IsVersion reports whether the text is a version without a leading v.
func IsVersion(text string) bool {
	_, err := parseVersion(text)
	return err == nil
}

// Hole is one row of holes.
type Hole struct {
	Component, Names, What string
	Fixed                  []string
}

// Holes are all rows.
func Holes() []Hole {
	var all []Hole
	for _, h := range holes {
		all = append(all, Hole{h.component, h.names, h.what, h.fixed})
	}
	return all
}

// Older reports whether a version comes before another.
func Older(a, b string) bool {
	left, _ := parseVersion(a)
	right, _ := parseVersion(b)
	return left.less(right)
}
