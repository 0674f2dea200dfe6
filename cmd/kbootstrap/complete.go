package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/preflight"
	"kbootstrap/provision/verify"
)

// completeWords lets the shell complete the arguments and flags of a command and of the commands
// below it: hosts in the inventory that is named on the same line, components, and words. No host
// is asked.
func completeWords(c *cobra.Command) {
	for flag, words := range map[string]cobra.CompletionFunc{
		"inventory": cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt),
		"progress":  fixed("auto", "plain"),
		"events":    fixed(jsonLines, jsonLines+"="),
		"limit":     listed(hostWords),
		"host":      listed(hostWords),
		"only":      listed(onlyWords),
		// Add-ons and checks are few, and known without an inventory.
		"remove-addon":     listed(addOnWords),
		"ignore-preflight": listed(preflightWords),
		"unit":             listed(unitWords),
		"output":           fixed(textOutput, jsonOutput),
		"lang":             fixed(languageWords()...),
	} {
		f := c.Flags().Lookup(flag)
		if f == nil || flag == "output" && f.DefValue != textOutput { // a path, which the shell knows
			continue
		}
		_ = c.RegisterFlagCompletionFunc(flag, words) // a completion that is there already knows better
	}
	switch name, arguments, _ := strings.Cut(c.Use, " "); {
	case slices.Contains([]string{"add-node", "trust", "logs"}, name):
		c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return slices.DeleteFunc(hostWords(c), func(word string) bool {
				host, _, _ := strings.Cut(word, "\t")
				return slices.Contains(args, host)
			}), cobra.ShellCompDirectiveNoFileComp
		}
	case arguments == "" && c.ValidArgsFunction == nil && !c.HasSubCommands():
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, below := range c.Commands() {
		completeWords(below)
	}
}

// fixed completes one of a few words.
func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// listed completes the last word of a comma-separated list.
func listed(words func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		var all []string
		for _, w := range words(c) {
			name, _, _ := strings.Cut(w, "\t")
			if !slices.Contains(strings.Split(before, ","), name) {
				all = append(all, before+w)
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// hostWords are the hosts in the inventory that a command would read, each with its roles as its
// description.
func hostWords(c *cobra.Command) []string {
	if applySettings(c) != nil {
		return nil
	}
	path, err := c.Flags().GetString("inventory")
	if err != nil {
		return nil
	}
	cluster, err := inventory.Load(path, component.Rules())
	if err != nil {
		return nil // a line that is being typed is no place for errors
	}
	var words []string
	for _, h := range cluster.Hosts {
		words = append(words, h.Name+"\t"+roles(h))
	}
	return words
}

// onlyWords are what --only takes: the checks of verify, and else components.
func onlyWords(c *cobra.Command) []string {
	if c.Name() != "verify" {
		return componentWords(c)
	}
	var words []string
	for _, check := range verify.Table() {
		words = append(words, check.Name+"\t"+check.Title)
	}
	return words
}

// addOnWords are the add-ons that can be turned off, by their fields in the inventory.
func addOnWords(*cobra.Command) []string {
	var words []string
	for _, c := range component.Components() {
		if c.AddOn != nil && c.AddOn.IsOn != nil {
			words = append(words, c.AddOn.Field+"\t"+c.AddOn.What)
		}
	}
	return words
}

// preflightWords are the checks that preflight makes, each with what it is about.
func preflightWords(*cobra.Command) []string {
	words := []string{preflight.All}
	for _, check := range preflight.Checks() {
		words = append(words, check.ID+"\t"+check.What)
	}
	return words
}

// unitWords are the services of all components.
func unitWords(*cobra.Command) []string {
	var words []string
	for _, unit := range component.Units() {
		words = append(words, strings.TrimSuffix(unit, ".service"))
	}
	return words
}

// componentWords are the components of a cluster, as --only takes them. Arguments are given to
// programs, which are others.
func componentWords(*cobra.Command) []string {
	var names []string
	for _, c := range component.Components() {
		names = append(names, c.Name)
	}
	return names
}
