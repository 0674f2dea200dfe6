package resource

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"kbootstrap/host"
)

// IPSets are the sets of addresses of the kernel whose names match one of the patterns. They are
// wanted only as Absent, after the rules that refer to them. Other sets are not touched.
type IPSets struct {
	Patterns []string // of path.Match: "KUBE-SRC-*"
	Absent   bool
	Found    []string // only in a found value: their names
}

// ID is "ipsets PATTERNS".
func (s IPSets) ID() string { return "ipsets " + strings.Join(s.Patterns, " ") }

// State lists the sets.
func (s IPSets) State() string { return Listed(s.Absent, s.Found) }

// Observe lists the sets that match one of the patterns. A host without the program has none of
// ours, which it made.
func (s IPSets) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := IPSets{Patterns: s.Patterns}
	if sys.Program(ipset) != "" && len(s.Patterns) > 0 {
		out, err := sys.Run(ctx, ipset, "list", "-name")
		if err != nil {
			return nil, err
		}
		for name := range strings.FieldsSeq(string(out)) {
			if slices.ContainsFunc(s.Patterns, func(p string) bool { return matches(p, name) }) {
				found.Found = append(found.Found, name)
			}
		}
	}
	found.Absent = len(found.Found) == 0
	return found, nil
}

// ipset is the program that knows the sets (ipset(8)).
const ipset = "ipset"

// matches reports whether a name matches a pattern. The patterns are the tool's own.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// Apply deletes the sets, one after the other.
func (s IPSets) Apply(ctx context.Context, sys *host.System) error {
	r, err := s.Observe(ctx, sys)
	if err != nil {
		return err
	}
	found, _ := r.(IPSets)
	if !s.Absent {
		if found.Absent {
			return errors.New("a set of addresses that was deleted cannot be put back")
		}
		return nil
	}
	for _, name := range found.Found {
		if _, err := sys.Change(ctx, ipset, "destroy", name); err != nil {
			return err
		}
	}
	return nil
}
