package release

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Versions returns the version of each component of the cluster: the defaults for its version of Kubernetes, below
// those that the inventory sets. The keys are those of Cluster.Versions, and "kubernetes". The error names every problem.
func Versions(c *inventory.Cluster) (map[string]string, error) {
	minor, err := kubernetesMinor(c.Kubernetes)
	if err != nil {
		return nil, err
	}
	versions := defaults[minor].components()
	versions["kubernetes"] = c.Kubernetes
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
	if err := errors.Join(problems...); err != nil {
		return nil, fault.VersionsConflict.Wrap(err)
	}
	if err := checkContainerd(minor, versions["containerd"]); err != nil {
		return nil, fault.VersionsConflict.Errorf("versions.containerd: %w", err)
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
	if _, ok := defaults[v.minor]; !ok || v.major != 1 {
		minors := slices.Sorted(maps.Keys(defaults))
		return 0, fault.VersionsConflict.Errorf("kubernetes: %s is not supported; versions 1.%d to 1.%d are",
			version, minors[0], minors[len(minors)-1])
	}
	return v.minor, nil
}
