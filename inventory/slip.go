package inventory

import (
	"fmt"
	"regexp"
	"strings"
)

// lookalikes are the characters that input methods, word processors and web pages put in the place
// of those of YAML, and what they stand for.
var lookalikes = map[rune]string{
	'：': ":", '，': ",", '［': "[", '］': "]", '【': "[", '】': "]", '｛': "{", '｝': "}", '－': "-", '–': "-", '＃': "#",
	'“': `"`, '”': `"`, '＂': `"`, '‘': "'", '’': "'", '\u00a0': " ", '\u2003': " ", '\u2009': " ", '\u202f': " ",
	'\u3000': " ",
}

// gluedPair is a key with its value right behind the colon.
var gluedPair = regexp.MustCompile(`^\s*(?:- )?([A-Za-z][A-Za-z0-9]*):[^\s/:]`)

// slipHint says which character of a line that could not be read only looks like one of YAML, or
// lacks a space; "" if none does. It does not repeat the value, which may be a secret.
func slipHint(line string) string {
	line, _, _ = strings.Cut(line, " #")
	for _, char := range line {
		switch plain, ok := lookalikes[char]; {
		case ok && plain == " ":
			return fmt.Sprintf("a character of the line only looks like a space (U+%04X): write a plain one", char)
		case ok:
			return fmt.Sprintf("%q of the line only looks like %q: write the plain character", char, plain)
		}
	}
	if pair := gluedPair.FindStringSubmatch(line); pair != nil {
		return fmt.Sprintf("write a space after %q", pair[1]+":")
	}
	return ""
}
