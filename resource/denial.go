package resource

import "strings"

// denials are the verbs of the sentences that say what is waited for, with their negations.
var denials = []struct{ says, denies string }{
	{" answers", " does not answer"},
	{" listens", " does not listen"},
	{" can be ", " cannot be "},
	{" is ", " is not "},
	{" has ", " does not have "},
	{" holds ", " does not hold "},
	{" serves ", " does not serve "},
}

// Denial returns the opposite of a sentence such as "cluster DNS answers" or "node w1 is ready". A
// sentence with another verb is quoted.
func Denial(sentence string) string {
	for _, d := range denials {
		if before, after, ok := strings.Cut(sentence, d.says); ok {
			return before + d.denies + after
		}
	}
	return "not true: " + sentence
}
