package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// newEncoder writes JSON of texts that may come from hosts. JSON itself escapes only what is below
// a blank, and a terminal obeys more than that: the controls U+007F to U+009F, and those that turn
// the direction of writing.
func newEncoder(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(escaper{w})
	encoder.SetEscapeHTML(false)
	return encoder
}

// escaper escapes such characters in JSON, where they can only be in strings. An Encoder writes a
// whole value at once.
type escaper struct{ w io.Writer }

func (e escaper) Write(p []byte) (int, error) {
	isPlain := func(r rune) bool { return r < ' ' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) }
	var b strings.Builder
	for _, r := range string(p) {
		if isPlain(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if _, err := io.WriteString(e.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
