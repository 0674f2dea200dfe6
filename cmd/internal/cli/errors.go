package cli

import (
	"fmt"
	"io"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/screen"
)

// PrintErrors prints errors with their codes. A hint that several errors in a row share, for
// instance when no host of a network can be reached, is printed once, below the last of them. The
// function codes returns the codes that explain an error: at least its own.
func PrintErrors(w io.Writer, errs []error, codes func(error) []fault.Code) {
	for i, err := range errs {
		fmt.Fprintf(w, "error[%s]: %s\n", fault.OfLocal(err), Indented(err.Error()))
		last := i == len(errs)-1
		if last || fault.OfLocal(errs[i+1]) != fault.OfLocal(err) ||
			fault.HintOfLocal(errs[i+1]) != fault.HintOfLocal(err) {
			fmt.Fprintf(w, "  hint: %s\n", Indented(fault.HintOfLocal(err)))
			PrintExplain(w, codes(err)...)
		}
	}
}

// PrintExplain prints how to learn more about codes.
func PrintExplain(w io.Writer, codes ...fault.Code) {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = string(code)
	}
	fmt.Fprintf(w, "  explain: kbootstrap explain %s\n", strings.Join(words, " "))
}

// Codes returns the code of an error.
func Codes(err error) []fault.Code { return []fault.Code{fault.OfLocal(err)} }

// Indented returns a text whose lines after the first are indented, made safe for a terminal.
func Indented(text string) string { return strings.ReplaceAll(screen.Clean(text), "\n", "\n  ") }
