package resource

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"kbootstrap/internal/human"
)

// textLimit is the size in bytes up to which a State shows a content line by line; a longer one is
// shown as its digest.
const textLimit = 64 << 10

// States joins the properties of a thing, one a line, leaving out the empty ones.
func States(properties ...string) string {
	var b strings.Builder
	for _, p := range properties {
		if p != "" {
			b.WriteString(p)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// property is "name value", or nothing without a value.
func property(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

// Flag is the property's name where it holds, and nothing where it does not.
func Flag(name string, holds bool) string {
	if holds {
		return name
	}
	return ""
}

// Sum is the sha256 of a content, in hex.
func Sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

// ShowSum shows a content that is too long, binary or secret, with its whole sum: what is equal by
// twelve digits can be made to differ. Short leaves twelve for people. A size of 0 is not known.
func ShowSum(sha256 string, size int64) string {
	text := sumMark + sha256
	if size > 0 {
		text += " (" + human.Size(size) + ")"
	}
	return text
}

// sumMark is what stands before a sum in a State, shownDigits how many digits of it people see:
// they tell two versions apart, and tell nothing of a key.
const (
	sumMark     = "content sha256:"
	shownDigits = 12
)

// Short is a State for people: sums have twelve digits. The lines of texts stay as they are.
func Short(state string) string {
	var b strings.Builder
	for line := range strings.Lines(state) {
		name, sum, found := strings.Cut(line, "sha256:")
		digits := strings.IndexFunc(sum, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
		if found && digits > shownDigits && !strings.HasPrefix(line, "| ") {
			line = name + "sha256:" + sum[:shownDigits] + sum[digits:]
		}
		b.WriteString(line)
	}
	return b.String()
}

// isText reports whether a person can read the content as lines.
func isText(content []byte) bool {
	return len(content) <= textLimit && utf8.Valid(content) && bytes.IndexByte(content, 0) < 0
}

// TextLines shows a text with each line behind "| ", so that the line diff of two States is the
// diff of the two files.
func TextLines(content []byte) string {
	if len(content) == 0 {
		return "empty"
	}
	text, ended := strings.CutSuffix(string(content), "\n")
	shown := "| " + strings.ReplaceAll(text, "\n", "\n| ")
	if !ended {
		shown += "\n(no newline at the end)"
	}
	return shown
}

// Listed is the state of what is found many at a time.
func Listed(absent bool, found []string) string {
	if absent {
		return ""
	}
	if len(found) == 0 {
		return States("present")
	}
	return States(found...)
}
