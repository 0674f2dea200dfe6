package release

import (
	"slices"
	"strings"
)

// Known are the releases of a source whose sums are built into the tool for every architecture,
// newest first. The versions have no leading v.
func Known(s Source) []string {
	name := s.Component
	if s.Image != "" {
		name, _, _ = strings.Cut(s.Image, ":")
	}
	times := map[string]int{}
	var versions []string
	for line := range strings.Lines(sums) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] != name {
			continue
		}
		version := strings.TrimPrefix(fields[1], "v")
		if times[version]++; fields[2] == "index" || times[version] == len(machines) {
			versions = append(versions, version)
		}
	}
	return Newest(versions)
}

// Newest returns those of the texts that are versions of releases, each once and the newest first.
// A leading v is left out.
func Newest(texts []string) []string {
	numbers := map[string]number{}
	var versions []string
	for _, text := range texts {
		text = strings.TrimPrefix(text, "v")
		n, err := parseVersion(text)
		if _, twice := numbers[text]; err != nil || n.pre != "" || twice {
			continue
		}
		numbers[text] = n
		versions = append(versions, text)
	}
	slices.SortStableFunc(versions, func(a, b string) int {
		switch {
		case numbers[b].less(numbers[a]):
			return -1
		case numbers[a].less(numbers[b]):
			return 1
		}
		return 0
	})
	return versions
}

// KnownKubernetes are the newest releases of Kubernetes that the tool knows, one for each minor
// version that can be installed, newest first. They have a leading v, as in inventories.
func KnownKubernetes() []string {
	oldest, newest := Minors()
	var versions []string
	branch := ""
	for _, v := range Known(Source{Component: "kubernetes"}) {
		n, err := parseVersion(v)
		if err != nil || n.major != 1 || n.minor < oldest || n.minor > newest || Branch(v) == branch {
			continue
		}
		branch = Branch(v)
		versions = append(versions, "v"+v)
	}
	return versions
}

// newerThanKnown returns the newest release of the same minor version that the tool knows, or "" if
// the version is not newer than that.
func newerThanKnown(kubernetes string) string {
	n, err := parseVersion(strings.TrimPrefix(kubernetes, "v"))
	if err != nil {
		return ""
	}
	for _, v := range KnownKubernetes() {
		known, err := parseVersion(strings.TrimPrefix(v, "v"))
		if err == nil && Branch(v) == Branch(kubernetes) && known.less(n) {
			return v
		}
	}
	return ""
}

// Branch is the part of a version that its patches share: "1.36" of "1.36.3".
func Branch(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
