package preflight

import (
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// All is what --ignore-preflight takes for every check.
const All = "all"

// UnknownCheckError says that no check has an ID, or some.
type UnknownCheckError struct{ IDs []string }

// Error names the IDs.
func (e *UnknownCheckError) Error() string {
	quoted := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		quoted[i] = strconv.Quote(id)
	}
	return "no preflight check is called " + strings.Join(quoted, " or ")
}

// Fault is KB3002.
func (e *UnknownCheckError) Fault() fault.Code { return fault.UnknownCheck }

// Hint offers what was probably meant, for each of the IDs.
func (e *UnknownCheckError) Hint() string {
	known := []string{All}
	for _, c := range Checks() {
		known = append(known, c.ID)
	}
	var hints []string
	for _, id := range e.IDs {
		if hint := inventory.Suggest(id, known); !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return strings.Join(hints, "\n")
}

// Known returns an *UnknownCheckError for those of the IDs that no check has.
func Known(ids []string) error {
	var unknown []string
	for _, id := range ids {
		if id != All && !slices.ContainsFunc(Checks(), func(c Check) bool { return c.matches(id) }) {
			unknown = append(unknown, id)
		}
	}
	if unknown != nil {
		return &UnknownCheckError{unknown}
	}
	return nil
}

// matches reports whether an ID is the check's, or one of a check that has many.
func (c Check) matches(id string) bool {
	family, variable, many := strings.Cut(c.ID, "<")
	if !many {
		return strings.EqualFold(id, c.ID)
	}
	if len(id) <= len(family) || !strings.EqualFold(id[:len(family)], family) {
		return false
	}
	if variable == "number>" {
		port, err := strconv.Atoi(id[len(family):])
		return err == nil && port > 0 && port < 1<<16
	}
	return true
}

// ignored reports whether an ID is to be ignored. As with kubeadm, the case of letters does not
// matter.
func ignored(id string, ignore []string) bool {
	return slices.ContainsFunc(ignore, func(i string) bool { return i == All || strings.EqualFold(i, id) })
}
