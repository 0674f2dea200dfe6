package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/pmezard/go-difflib/difflib"
)

// contextLines is how many equal lines a Diff shows around a change.
const contextLines = 3

// Changed reports whether the wanted value differs from what was found.
func Changed(found, wanted Resource) bool { return found.State() != wanted.State() }

// Digest is the sha256 sum of the IDs and states of resources, in hex.
func Digest(rs ...Resource) string {
	sum := sha256.New()
	for _, r := range rs {
		fmt.Fprintf(sum, "%s\n%s\n", r.ID(), r.State())
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Diff is the line diff of two states: lines that begin with "-" are found, with "+" wanted, with a
// blank both. It is empty when the two are equal.
func Diff(found, wanted Resource) string {
	if !Changed(found, wanted) {
		return ""
	}
	was, is := found.State(), wanted.State()
	if Short(was) != Short(is) { // two sums that differ in later digits only are shown whole
		was, is = Short(was), Short(is)
	}
	a, b := stateLines(was), stateLines(is)
	var text strings.Builder
	for i, group := range difflib.NewMatcher(a, b).GetGroupedOpCodes(contextLines) {
		if i > 0 {
			text.WriteString("...\n")
		}
		for _, op := range group {
			if op.Tag == 'e' {
				writeLines(&text, " ", a[op.I1:op.I2])
				continue
			}
			writeLines(&text, "-", a[op.I1:op.I2])
			writeLines(&text, "+", b[op.J1:op.J2])
		}
	}
	return text.String()
}

func stateLines(state string) []string {
	return strings.Split(strings.TrimSuffix(state, "\n"), "\n")
}

func writeLines(b *strings.Builder, sign string, lines []string) {
	for _, l := range lines {
		if l != "" { // the one line of an absent thing
			b.WriteString(sign + l + "\n")
		}
	}
}

// A Change is one resource that Converge or Restore has changed.
type Change struct {
	ID       string
	Before   string        // the State that was found
	After    string        // the State that is now
	Diff     string        // the line diff of the two
	Duration time.Duration // from looking at it to having verified it
	Back     bool          // it was put back to what it was before the run
}
