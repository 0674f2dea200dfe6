package cli

import (
	"fmt"
	"io"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/screen"
)

// PrintErrors prints errors with their codes. What several hosts in a row say in the same words,
// for instance when their jump host cannot be reached, is one error with the names of all; and a
// hint that several errors in a row share is printed once, below the last of them. The function
// codes returns the codes that explain an error: at least its own.
func PrintErrors(w io.Writer, errs []error, codes func(error) []fault.Code) {
	for i := 0; i < len(errs); i++ {
		err := errs[i]
		host, text := hostAndText(err)
		hosts := host
		for i+1 < len(errs) && hosts != "" && advice(errs[i+1]) == advice(err) {
			next, other := hostAndText(errs[i+1])
			if next == "" || next == host || other != text {
				break
			}
			hosts, host = hosts+", "+next, next
			i++
		}
		if hosts != "" {
			text = hosts + ": " + text
		}
		fmt.Fprintf(w, "error[%s]: %s\n", fault.OfLocal(err), Indented(text))
		if i == len(errs)-1 || advice(errs[i+1]) != advice(err) {
			fmt.Fprintf(w, "  hint: %s\n", Indented(fault.HintOfLocal(err)))
			PrintExplain(w, codes(err)...)
		}
	}
}

// advice is what is printed below an error: errors that share it share one.
func advice(err error) string { return string(fault.OfLocal(err)) + " " + fault.HintOfLocal(err) }

// hostAndText splits an error into the host that it is about and what happened there. Without a
// host all is text.
func hostAndText(err error) (host, text string) {
	host, text = fault.PlaceOf(err).Host, err.Error()
	if rest, ok := strings.CutPrefix(text, host+": "); ok && host != "" {
		return host, rest
	}
	return "", text
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
