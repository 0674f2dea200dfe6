package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Weakness is why a version of a component should not run any more.
type Weakness struct {
	// Why names the holes, each with what can happen, or says that support has ended.
	Why string
	// Lowest is the lowest version that has none of them: of the same branch if it has one, else
	// the lowest of all later ones. It is empty where only another minor version of Kubernetes
	// helps.
	Lowest string
}

// Weak returns why a version of a component should not run any more, and whether there is a
// reason. The component is a key of Cluster.Versions, or "kubernetes", whose version may have a
// leading v. What is no version, and what nothing is known of, is not weak.
func Weak(component, version string, now time.Time) (Weakness, bool) {
	v, err := parseVersion(strings.TrimPrefix(version, "v"))
	if err != nil {
		return Weakness{}, false
	}
	if component == "kubernetes" {
		end, known := ends[v.minor]
		if day, err := time.Parse(time.DateOnly, end); !known || err != nil || now.Before(day) {
			return Weakness{}, false
		}
		return Weakness{Why: fmt.Sprintf("Kubernetes 1.%d has had no support since %s", v.minor, end)}, true
	}
	var can []string
	names := map[string][]string{} // by what can happen
	for _, h := range holes {
		if h.component != component || !h.isOpen(v) {
			continue
		}
		if names[h.what] == nil {
			can = append(can, h.what)
		}
		names[h.what] = append(names[h.what], h.names)
	}
	if can == nil {
		return Weakness{}, false
	}
	for i, what := range can {
		can[i] = fmt.Sprintf("%s (%s)", strings.Join(names[what], ", "), what)
	}
	return Weakness{Why: strings.Join(can, "; "), Lowest: lowest(component, v)}, true
}

// isOpen reports whether the version has the hole. A branch without a fix of its own has it, unless
// it is newer than all that have one.
func (h hole) isOpen(v number) bool {
	for _, text := range h.fixed {
		fixed, err := parseVersion(text)
		if err == nil && !v.less(fixed) && (v.sameBranch(fixed) || text == h.fixed[len(h.fixed)-1]) {
			return false
		}
	}
	return true
}

func (n number) sameBranch(o number) bool { return n.major == o.major && n.minor == o.minor }

// lowest returns the lowest version after v that has no known hole.
func lowest(component string, v number) string {
	var safe []string
	for _, h := range holes {
		if h.component != component {
			continue
		}
		for _, text := range h.fixed {
			fixed, err := parseVersion(text)
			isOpen := func(other hole) bool { return other.component == component && other.isOpen(fixed) }
			if err == nil && v.less(fixed) && !slices.ContainsFunc(holes, isOpen) {
				safe = append(safe, text)
			}
		}
	}
	if len(safe) == 0 {
		return ""
	}
	return slices.MinFunc(safe, func(a, b string) int {
		left, _ := parseVersion(a)
		right, _ := parseVersion(b)
		switch {
		case left.less(right):
			return -1
		case right.less(left):
			return 1
		}
		return 0
	})
}
