package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Args checks the arguments of a command, and makes a wrong number of them, or a word that is none
// of its ValidArgs, a UsageError that says what the command takes.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		return UsageError{wrongArguments(cmd, args)}
	}
}

// wrongArguments says what is wrong with arguments that a command does not take. What it takes is
// in its Use: "up [PLAN]", "add-node HOST...".
func wrongArguments(cmd *cobra.Command, args []string) error {
	takes := strings.TrimPrefix(strings.TrimPrefix(cmd.Use, cmd.Name()), " ")
	required := 0
	for word := range strings.FieldsSeq(takes) {
		if word != "--" && !strings.HasPrefix(word, "[") {
			required++
		}
	}
	if len(args) < required {
		return fmt.Errorf("%s: %s is missing", cmd.CommandPath(), takes)
	}
	words := validWords(cmd)
	for _, arg := range args {
		if len(words) > 0 && !slices.Contains(words, arg) {
			return &UnknownWord{Of: cmd.CommandPath(), Word: arg, Known: words}
		}
	}
	if takes == "" {
		return fmt.Errorf("%s takes no arguments, and %q is one", cmd.CommandPath(), args[0])
	}
	return fmt.Errorf("%s takes %s and nothing more: %q", cmd.CommandPath(), takes, strings.Join(args, " "))
}

// validWords are the only arguments that a command takes, or nil.
func validWords(cmd *cobra.Command) []string {
	var words []string
	for _, word := range cmd.ValidArgs {
		name, _, _ := strings.Cut(word, "\t")
		words = append(words, name)
	}
	return words
}

// UnknownWord is the error of a word that is none of a few.
type UnknownWord struct {
	Of    string // what takes the word
	Word  string
	Known []string
}

func (e *UnknownWord) Error() string {
	return fmt.Sprintf("%s: %q is none of %s", e.Of, e.Word, strings.Join(e.Known, ", "))
}

// Hint offers the word that may have been meant; the others are in the error.
func (e *UnknownWord) Hint() string { return didYouMean(e.Word, e.Known) }

// didYouMean is the hint that offers one of the known words, or "".
func didYouMean(word string, known []string) string {
	if hint := inventory.Suggest(word, known); strings.HasPrefix(hint, "did you mean") {
		return hint
	}
	return ""
}

// FlagError makes the error of a flag a UsageError that offers the flag, or the value, that may
// have been meant.
func FlagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, "--"+f.Name)
			}
		})
		return UsageError{hinted{err, didYouMean("--"+unknown.GetSpecifiedName(), known)}}
	}
	return UsageError{err}
}

// Hinted returns an error with what may be done about it.
func Hinted(err error, hint string) error { return hinted{err, hint} }

// hinted is an error with what may be done about it.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// Hint is what may be done, or "".
func (e hinted) Hint() string { return e.hint }

// NameHelp returns the error of a command. One of usage that has no hint of its own gets that which
// names the command's help.
func NameHelp(cmd *cobra.Command, err error) error {
	var usage UsageError
	entry, _ := fault.Lookup(fault.Usage)
	if cmd == nil || !errors.As(err, &usage) || fault.OfLocal(err) != fault.Usage ||
		fault.HintOfLocal(err) != entry.Hint() {
		return err
	}
	return hinted{err, fmt.Sprintf("%q has examples and lists every flag", cmd.CommandPath()+" --help")}
}
