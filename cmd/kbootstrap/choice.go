package main

import (
	"slices"
	"strings"

	"kbootstrap/cmd/internal/cli"
)

// choice is a flag whose value is one of a few words.
type choice struct {
	to    *string
	words []string
}

// Set sets the value; any other word is an error.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return wrongChoice{word, c.words}
	}
	*c.to = word
	return nil
}

// String returns the value.
func (c *choice) String() string { return *c.to }

// Type is what the help shows as the kind of value.
func (c *choice) Type() string { return strings.Join(c.words, "|") }

// wrongChoice is the error of a word that a flag does not take; pflag names both.
type wrongChoice struct {
	word  string
	words []string
}

func (e wrongChoice) Error() string { return "the values are " + strings.Join(e.words, ", ") }

// Hint offers the word that may have been meant.
func (e wrongChoice) Hint() string { return (&cli.UnknownWord{Word: e.word, Known: e.words}).Hint() }
