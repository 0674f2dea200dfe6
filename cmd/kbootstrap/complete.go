package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
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
		"only":      listed(componentWords),
		"output":    fixed(textOutput, jsonOutput),
	} {
		if c.Flags().Lookup(flag) == nil {
			continue
		}
		_ = c.RegisterFlagCompletionFunc(flag, words) // a completion that is there already knows better
	}
	switch name, arguments, _ := strings.Cut(c.Use, " "); {
	case name == "add-node":
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

// componentWords are the components of a cluster, as --only takes them. Arguments are given to
// programs, which are others.
func componentWords(*cobra.Command) []string {
	var names []string
	for _, c := range component.Components() {
		names = append(names, c.Name)
	}
	return names
}
