// Package pattern matches names as OpenSSH does (ssh_config(5), PATTERNS). Start at List.
package pattern

import "strings"

// List reports whether a text matches the patterns, whatever the case of its letters.
func List(patterns []string, text string) bool {
	return Any(patterns, text, func(pattern, text string) bool {
		return Match(strings.ToLower(pattern), strings.ToLower(text))
	})
}

// Any reports whether a text matches one of the patterns, and none of those that begin with "!".
func Any(patterns []string, text string, match func(pattern, text string) bool) bool {
	found := false
	for _, p := range patterns {
		bare, negated := strings.CutPrefix(p, "!")
		if !match(bare, text) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// Match reports whether a text matches a pattern of ssh, in which "*" stands for any number of
// characters and "?" for one.
// Each star is tried at one place at a time, so that no pattern takes long.
func Match(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
