// Package human renders quantities and texts for people to read. Start at Size.
package human

import (
	"fmt"
	"strings"
)

// Size returns a number of bytes in the largest decimal unit of which there is one: "8 kB", "51
// MB", "1.2 GB". Kilobytes and megabytes are cut, not rounded. The text is part of a file's State
// (resource.ShowSum) and so of the digest by which a service is restarted: another rounding would
// restart the services of every cluster that exists.
func Size(bytes int64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%d MB", bytes/1e6)
	case bytes >= 1e3:
		return fmt.Sprintf("%d kB", bytes/1e3)
	}
	return fmt.Sprintf("%d B", bytes)
}

// lineLimit is the length in bytes to which OneLine cuts a text.
const lineLimit = 300

// OneLine returns a text as one short line, as an error message shows what a server has answered.
func OneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > lineLimit {
		text = strings.ToValidUTF8(text[:lineLimit], "") + "…"
	}
	return text
}
