package preflight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// All is what --ignore-preflight takes for every check.
const All = "all"

// UnknownCheckError says that no check has an ID.
type UnknownCheckError struct{ ID string }

// Error names the ID.
func (e *UnknownCheckError) Error() string {
	return fmt.Sprintf("no preflight check is called %q", e.ID)
}

// Fault is KB3002.
func (e *UnknownCheckError) Fault() fault.Code { return fault.UnknownCheck }

// Hint offers the ID that was probably meant.
func (e *UnknownCheckError) Hint() string {
	ids := []string{All}
	for _, c := range Checks() {
		ids = append(ids, c.ID)
	}
	return inventory.Suggest(e.ID, ids)
}

// Known returns an *UnknownCheckError for the first of the IDs that no check has.
func Known(ids []string) error {
	for _, id := range ids {
		if id != All && !slices.ContainsFunc(Checks(), func(c Check) bool { return c.matches(id) }) {
			return &UnknownCheckError{id}
		}
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

// ignored reports whether an ID is to be ignored. As with kubeadm, the case of letters does not matter.
func ignored(id string, ignore []string) bool {
	return slices.ContainsFunc(ignore, func(i string) bool { return i == All || strings.EqualFold(i, id) })
}
