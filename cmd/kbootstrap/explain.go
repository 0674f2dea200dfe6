package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
)

// explainCommand shows entries of the catalogue of errors. It needs no inventory and no network.
func explainCommand(a *app) *cobra.Command {
	var output string
	language := string(fault.English)
	c := &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "Explain an error code and what to do about it; without a code, list all codes",
		Example: `  kbootstrap explain KB1103
  kbootstrap explain KB1103 --lang zh
  kbootstrap explain -o json`,
		Args:              cli.Args(cobra.ArbitraryArgs),
		ValidArgsFunction: codeWords,
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains([]string{"text", "json"}, output) {
				return cli.UsageError{Err: fmt.Errorf("-o %s: the formats are text and json", output)}
			}
			lang := fault.Language(language)
			entries := lang.All()
			if len(args) > 0 {
				entries = nil
			}
			for _, arg := range args {
				e, ok := lang.Lookup(code(arg))
				if !ok {
					return cli.UsageError{Err: unknownCode(arg)}
				}
				entries = append(entries, e)
			}
			if output == "json" {
				return writeExplanations(a.stdout, lang, entries)
			}
			if len(args) == 0 {
				listFaults(a.stdout, lang, entries)
				return nil
			}
			for i, e := range entries {
				if i > 0 {
					fmt.Fprintln(a.stdout)
				}
				fmt.Fprint(a.stdout, lang.Text(e))
			}
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	c.Flags().Var(&choice{&language, languageWords()}, "lang", "the language of the explanation")
	return c
}

// languageWords are the languages of the catalogue.
func languageWords() []string {
	var words []string
	for _, l := range fault.Languages() {
		words = append(words, string(l))
	}
	return words
}

// codeWords are the codes, as they are typed: in lower case, or the digits alone.
func codeWords(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, e := range fault.All() {
		word := string(e.Code)
		switch {
		case typed != "" && typed[0] >= '0' && typed[0] <= '9':
			word = strings.TrimPrefix(word, "KB")
		case typed != "" && typed == strings.ToLower(typed):
			word = strings.ToLower(word)
		}
		words = append(words, word+"\t"+e.Title)
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// code returns the code for a word as people type it: in lower case, or the digits alone.
func code(word string) fault.Code {
	word = strings.ToUpper(strings.TrimSpace(word))
	return fault.Code("KB" + strings.TrimPrefix(word, "KB"))
}

// listFaults lists the catalogue, one line a code, by area.
func listFaults(w io.Writer, lang fault.Language, entries []fault.Entry) {
	area := ""
	for _, e := range entries {
		if at := lang.Area(e.Code); at != area {
			if area != "" {
				fmt.Fprintln(w)
			}
			area = at
			fmt.Fprintln(w, area)
		}
		fmt.Fprintf(w, "  %s  %s\n", e.Code, e.Title)
	}
}

// writeExplanations writes entries as one JSON document.
func writeExplanations(w io.Writer, lang fault.Language, entries []fault.Entry) error {
	type explanation struct {
		Code  fault.Code `json:"code"`
		Area  string     `json:"area"`
		Title string     `json:"title"`
		Cause string     `json:"cause"`
		Fix   string     `json:"mend"`
	}
	document := struct {
		APIVersion string        `json:"apiVersion"`
		Kind       string        `json:"kind"`
		Codes      []explanation `json:"codes"`
	}{"kbootstrap/v1", "ErrorCodes", []explanation{}}
	for _, e := range entries {
		document.Codes = append(document.Codes, explanation{e.Code, lang.Area(e.Code), e.Title, e.Cause, e.Fix})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// unknownCode is the error for a word that is not a code.
type unknownCode string

func (e unknownCode) Error() string { return fmt.Sprintf("%q is not an error code", string(e)) }

func (e unknownCode) Fault() fault.Code { return fault.UnknownCode }

// Hint names the codes that are most like the word: a digit was mistyped, left out or added, or two
// were swapped.
func (e unknownCode) Hint() string {
	var near []string
	for _, entry := range fault.All() {
		if alike(string(code(string(e))), string(entry.Code)) {
			near = append(near, string(entry.Code))
		}
	}
	if len(near) == 0 || len(near) > 8 {
		return `"kbootstrap explain" lists the codes; a code looks like KB1103`
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// alike reports whether a word has the digits of a code except for one, or one too many or too few,
// or has them in another order.
func alike(word, code string) bool {
	if len(word) != len(code) {
		return isWithoutOne(word, code) || isWithoutOne(code, word)
	}
	differ := 0
	for i := range code {
		if word[i] != code[i] {
			differ++
		}
	}
	sorted := func(s string) string { b := []byte(s); slices.Sort(b); return string(b) }
	return differ <= 1 || sorted(word) == sorted(code)
}

// isWithoutOne reports whether the short text is the long one without one of its characters.
func isWithoutOne(short, long string) bool {
	for i := range long {
		if long[:i]+long[i+1:] == short {
			return true
		}
	}
	return false
}
