package main

import (
	"fmt"
	"slices"
	"strings"
)

// choice is a flag that has one of a few words as its value.
type choice struct {
	to    *string
	words []string
}

// Set takes a word that is one of them.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return fmt.Errorf("it is one of %s", strings.Join(c.words, ", "))
	}
	*c.to = word
	return nil
}

// String returns the value.
func (c *choice) String() string { return *c.to }

// Type is what help shows as the value's kind.
func (c *choice) Type() string { return strings.Join(c.words, "|") }
