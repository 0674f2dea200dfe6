// Package shell writes command lines for the login shells of others. Start at Quote.
package shell

import "strings"

// Quote makes one word of any text for sh, bash, zsh, fish and csh. Fish knows escapes within
// single quotes, so the usual way to write a single quote (a backslash between two pairs) is
// replaced by one between double quotes.
func Quote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'"
}
