package diagnosis

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shown is the most letters of a line that are shown.
const shown = 240

// Readable is a line of a journal for people: what is in JSON, as etcd writes it, without its stack
// and in one order, and what is long cut off.
func Readable(line string) string {
	before, text, ok := strings.Cut(line, "{")
	var fields map[string]any
	if ok && json.Unmarshal([]byte("{"+text), &fields) == nil && fields["msg"] != nil {
		line = before + fmt.Sprint(fields["level"], ": ", fields["msg"])
		if cause := fields["error"]; cause != nil {
			line += ": " + fmt.Sprint(cause)
		}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			switch key {
			case "level", "ts", "caller", "msg", "error", "stacktrace", "logger":
				continue
			}
			line += fmt.Sprintf(" %s=%v", key, fields[key])
		}
	}
	line = strings.TrimSpace(line)
	if runes := []rune(line); len(runes) > shown {
		line = string(runes[:shown]) + "…"
	}
	return line
}
