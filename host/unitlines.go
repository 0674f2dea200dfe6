package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// UnitQuery asks for lines of the journal.
type UnitQuery struct {
	Units []string      // "kubelet.service"
	Since time.Duration // how far back; 0 means from the beginning of the journal
	Lines int           // at most so many, the last ones
	// Cursor is where an answer before ended: only what came later is wanted, whatever Since says.
	Cursor string
}

// UnitLines is an answer: the oldest line first, and where to go on.
type UnitLines struct {
	Lines  []UnitLine
	Cursor string // empty when the journal has nothing of it
}

// UnitLine is a line that a service wrote, or that systemd wrote about it.
type UnitLine struct {
	Time time.Time
	Unit string // "kubelet"
	Text string
}

// MostLines bounds an answer.
const MostLines = 10000

// longestUnitLine bounds a line of an answer, in bytes.
const longestUnitLine = 16 << 10

// UnitLines reads what units wrote.
func (s *System) UnitLines(ctx context.Context, q UnitQuery) (UnitLines, error) {
	argv := []string{"journalctl", "--quiet", "--no-pager", "--output=json", "--lines=" +
		strconv.Itoa(min(max(q.Lines, 1), MostLines))}
	switch {
	case q.Cursor != "":
		argv = append(argv, "--after-cursor="+q.Cursor)
	case q.Since > 0:
		argv = append(argv, fmt.Sprintf("--since=-%ds", int64(q.Since.Seconds())))
	}
	for _, u := range q.Units {
		argv = append(argv, "--unit="+u)
	}
	out, err := s.Run(ctx, argv...)
	if err != nil {
		return UnitLines{}, err
	}
	found := UnitLines{Cursor: q.Cursor}
	for text := range bytes.Lines(out) {
		var e struct {
			entry
			Cursor  string `json:"__CURSOR"`
			Unit    field  `json:"_SYSTEMD_UNIT"`
			AboutIt field  `json:"UNIT"` // of systemd's own words about a unit
		}
		if json.Unmarshal(text, &e) != nil {
			continue // cut off, or of a program that does not write JSON
		}
		if e.Cursor != "" {
			found.Cursor = e.Cursor
		}
		micros, _ := strconv.ParseInt(string(e.Real), 10, 64) // 0 where there is none
		unit := string(e.Unit)
		if e.AboutIt != "" {
			unit = string(e.AboutIt)
		}
		for words := range strings.Lines(string(e.Message)) {
			words = strings.TrimRight(words, "\r\n")
			found.Lines = append(found.Lines, UnitLine{
				Time: time.UnixMicro(micros).UTC(), Unit: strings.TrimSuffix(unit, ".service"),
				Text: words[:min(len(words), longestUnitLine)],
			})
		}
	}
	return found, nil
}
