package main

import (
	"fmt"
	"slices"
	"strings"
)

// choice is a flag whose value is one of a few words.
type choice struct {
	to    *string
	words []string
}

// Set sets the value; any other word is an error.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return fmt.Errorf("the values are %s", strings.Join(c.words, ", "))
	}
	*c.to = word
	return nil
}

// String returns the value.
func (c *choice) String() string { return *c.to }

// Type is what the help shows as the kind of value.
func (c *choice) Type() string { return strings.Join(c.words, "|") }
