package release

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Versions returns the version of each component of the sources: the one that the inventory sets,
// else the default for its version of Kubernetes. The keys are those of Cluster.Versions, and
// "kubernetes". The error names every problem.
func Versions(c *inventory.Cluster, sources []Source) (map[string]string, error) {
	minor, err := kubernetesMinor(c.Kubernetes)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{"kubernetes": c.Kubernetes}
	for _, s := range sources {
		if _, ok := versions[s.Component]; !ok {
			versions[s.Component] = cmp.Or(s.Version, minors[minor].defaults[s.Component])
		}
	}
	var problems []error
	for _, component := range slices.Sorted(maps.Keys(c.Versions)) {
		version := c.Versions[component]
		if _, ok := versions[component]; !ok || component == "kubernetes" {
			problems = append(problems, fmt.Errorf("versions.%s: there is no such component", component))
			continue
		}
		if _, err := parseVersion(version); err != nil {
			problems = append(problems, fmt.Errorf("versions.%s: %w", component, err))
			continue
		}
		versions[component] = version
	}
	for _, component := range slices.Sorted(maps.Keys(versions)) {
		if versions[component] == "" {
			problems = append(problems, fmt.Errorf("versions.%s: there is no default for Kubernetes 1.%d",
				component, minor))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fault.VersionsConflict.Wrap(err)
	}
	if containerd, ok := versions["containerd"]; ok {
		if err := checkContainerd(minor, containerd); err != nil {
			return nil, fault.VersionsConflict.Errorf("versions.containerd: %w", err)
		}
	}
	return versions, nil
}

// kubernetesMinor returns 36 for "v1.36.3".
func kubernetesMinor(version string) (int, error) {
	number, ok := strings.CutPrefix(version, "v")
	v, err := parseVersion(number)
	if !ok || err != nil || strings.Count(number, ".") < 2 {
		return 0, fault.VersionsConflict.Errorf("kubernetes: %q is not a version such as v1.36.3", version)
	}
	if _, ok := minors[v.minor]; !ok || v.major != 1 {
		oldest, newest := Minors()
		return 0, fault.VersionsConflict.Errorf("kubernetes: %s is not supported; versions 1.%d to 1.%d are",
			version, oldest, newest)
	}
	return v.minor, nil
}
