package inventory

import (
	"fmt"
	"strings"
)

// Suggest returns the hint for a word that is none of the known ones: the nearest, or else all of
// them, or nothing if none is known.
func Suggest(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return didYouMean(best)
	}
	if len(known) == 0 {
		return ""
	}
	return "known here: " + strings.Join(known, ", ")
}

// nearest returns the known word that a word may be a typo of, or "".
func nearest(word string, known []string) string {
	best, least := "", 1+len(word)/3
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= least && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// didYouMean returns the hint that offers one word.
func didYouMean(word string) string { return fmt.Sprintf("did you mean %q?", word) }

// longestWord bounds the work of distance; no known word is nearly as long.
const longestWord = 64

// distance counts the letters to insert, delete, replace or swap with the next to make b of a
// (optimal string alignment). It is large for words that are too long to be a typo.
func distance(a, b string) int {
	if len(a) > longestWord || len(b) > longestWord {
		return longestWord
	}
	// Row i holds the distances between the first i letters of a and each beginning of b.
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replace := row[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			next[j] = min(row[j]+1, next[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
