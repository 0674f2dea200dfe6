package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/component"
)

// scopeFlags limit what a command is about.
type scopeFlags struct {
	limit, only []string
	maxFailures string
	dropping    []string
	adopts      bool
}

// bind adds the limits to a command.
func (f *scopeFlags) bind(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.limit, "limit", nil, "only these hosts, and the labels of their nodes (HOST[,HOST])")
	c.Flags().StringSliceVar(&f.only, "only", nil,
		"only these components, without those that they need (COMPONENT[,COMPONENT])")
}

// bindFailures adds the hosts that may fail to a command.
func (f *scopeFlags) bindFailures(c *cobra.Command) {
	c.Flags().StringVar(&f.maxFailures, "max-failures", "0",
		"continue even if this many hosts are unreachable or fail (a number, or a percentage such as 10%)")
}

// bindAddOns adds the add-ons that may go to a command.
func (f *scopeFlags) bindAddOns(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.dropping, "remove-addon", nil,
		"turn these add-ons off although users may have data in them (ADDON[,ADDON])")
	c.Flags().BoolVar(&f.adopts, "adopt", false,
		"take over the objects of addons.manifests that others have made in the cluster")
}

// scope is what the flags say, of components that there are. The hosts are looked up with the
// inventory.
func (f *scopeFlags) scope() (provision.Scope, error) {
	scope := provision.Scope{Hosts: f.limit, Components: f.only, Dropping: f.dropping, Adopts: f.adopts}
	var known, addOns []string
	for _, c := range component.Components() {
		known = append(known, c.Name)
		if c.AddOn != nil && c.AddOn.IsOn != nil {
			addOns = append(addOns, c.AddOn.Field)
		}
	}
	for _, name := range f.dropping {
		if !slices.Contains(addOns, name) {
			return scope, cli.UsageError{Err: unknownAddOn{name, addOns}}
		}
	}
	for _, name := range f.only {
		if !slices.Contains(known, name) {
			return scope, cli.UsageError{Err: unknownComponent{name, known}}
		}
	}
	if f.maxFailures == "" {
		return scope, nil
	}
	var err error
	if scope.Tolerance, err = parseTolerance(f.maxFailures); err != nil {
		return scope, cli.UsageError{Err: fmt.Errorf("--max-failures: %w", err)}
	}
	return scope, nil
}

// parseTolerance reads "2" or "10%".
func parseTolerance(text string) (provision.Tolerance, error) {
	digits, part := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil || n < 0:
		return provision.Tolerance{}, fmt.Errorf("%q is neither a number of hosts nor a percentage, such as 2 or "+
			"10%%", text)
	case part && n > 100:
		return provision.Tolerance{}, fmt.Errorf("%q is more than all hosts", text)
	case part:
		return provision.Tolerance{Percent: n}, nil
	}
	return provision.Tolerance{Hosts: n}, nil
}

// unknownAddOn says that an add-on named on the command line is none.
type unknownAddOn struct {
	name  string
	known []string
}

func (e unknownAddOn) Error() string {
	return fmt.Sprintf("--remove-addon: there is no add-on %q; there are %s", e.name, strings.Join(e.known, ", "))
}

// Hint offers the nearest, or all.
func (e unknownAddOn) Hint() string { return inventory.Suggest(e.name, e.known) }

// unknownComponent says that a component named on the command line is none.
type unknownComponent struct {
	name  string
	known []string
}

func (e unknownComponent) Error() string { return "--only: no component named " + e.name }

// Hint offers the nearest, or all.
func (e unknownComponent) Hint() string { return inventory.Suggest(e.name, e.known) }
