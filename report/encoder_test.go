package report

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// TestControlsAreEscaped: what a terminal obeys does not come raw out of JSON, and means the same.
func TestControlsAreEscaped(t *testing.T) {
	want := "\x1b[2J \u009b2J \u007f \u0085 \u202e äß 世 \U0001f600 \n\t <&>"
	var out strings.Builder
	var failed error
	NewStream(&out, func(err error) { failed = err }).Event(Event{Text: want})
	if failed != nil {
		t.Fatal(failed)
	}
	for _, r := range strings.TrimSuffix(out.String(), "\n") {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%U is written as it is", r)
		}
	}
	var got Event
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || got.Text != want {
		t.Errorf("got %q, %v", got.Text, err)
	}
}
