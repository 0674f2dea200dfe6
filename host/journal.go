package host

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/internal/posix"
)

// journalLines is how much of a journal is evidence, in lines: a stack of Go takes a hundred.
const journalLines = 300

// Journal is the part of a unit's journal that can tell why something failed now: what was written
// in this boot since this process touched the unit, or began to wait for it.
type Journal struct {
	Unit  string `json:"unit"`
	Since string `json:"since"`           // when that was, by the host's clock, for people
	Runs  bool   `json:"runs,omitempty"`  // the unit has a process now
	Lines []Line `json:"lines,omitempty"` // the oldest first
	Note  string `json:"note,omitempty"`  // why there are no lines
}

// Line is a line of a journal.
type Line struct {
	Text string        `json:"text"` // in journalctl's format short-iso
	Age  time.Duration `json:"age"`  // when the journal was read, by the monotonic clock
	// Start counts the starts of the unit from the last one, 0, back to the one that wrote the
	// line.
	Start int `json:"start,omitempty"`
}

// End returns the text of the last lines, or a note that there are none.
func (j Journal) End(lines int) string {
	if len(j.Lines) == 0 {
		return j.Note
	}
	var texts []string
	for _, line := range j.Lines[max(0, len(j.Lines)-lines):] {
		texts = append(texts, line.Text)
	}
	return strings.Join(texts, "\n")
}

// A Moment is a time of this boot, by a clock that no daemon and no user sets. Zero is the boot.
type Moment time.Duration

// Uptime is the present moment.
func Uptime() Moment {
	return Moment(posix.Uptime())
}

// Touch notes that a unit is about to be started or stopped: what it writes from now on is of this
// run.
func (s *System) Touch(unit string) {
	s.shared.touching.Lock()
	defer s.shared.touching.Unlock()
	if s.shared.touched == nil {
		s.shared.touched = map[string]Moment{}
	}
	s.shared.touched[unit] = Uptime()
}

// Since is when this process touched a unit last, or now if it has not: from then on the unit's
// journal is evidence for a wait that begins now.
func (s *System) Since(unit string) Moment {
	s.shared.touching.Lock()
	defer s.shared.touching.Unlock()
	if at, ok := s.shared.touched[unit]; ok {
		return at
	}
	return Uptime()
}

// Journal reads what a unit has written since a moment.
func (s *System) Journal(ctx context.Context, unit string, since Moment) Journal {
	// The deadline that has just passed must not keep us from saying why.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	j := Journal{Unit: unit, Since: clockAt(since)}
	u, err := s.Unit(ctx, unit)
	if err == nil {
		j.Runs = u.Runs()
	}
	// What a process wrote before it ended may not be in the journal yet. Versions that do not know
	// the flag have it a moment later.
	_, _ = s.Run(ctx, "journalctl", "--sync")
	out, err := s.Run(ctx, "journalctl", "--unit="+unit, "--boot", "--lines="+strconv.Itoa(journalLines),
		"--no-pager", "--quiet", "--output=json")
	if err != nil {
		j.Note = "(unreadable: " + err.Error() + ")"
		return j
	}
	j.Lines = evidence(out, since, Uptime(), u.Invocation)
	if len(j.Lines) == 0 {
		j.Note = "(nothing since " + j.Since + ")"
	}
	return j
}

// clockAt is a moment as the host's clock would have shown it, unless it was set since.
func clockAt(m Moment) string {
	return time.Now().Add(-time.Duration(Uptime() - m)).UTC().Format(time.RFC3339)
}

// entry is what we read of an entry of the journal.
type entry struct {
	Message    field `json:"MESSAGE"`
	Program    field `json:"SYSLOG_IDENTIFIER"`
	PID        field `json:"_PID"`
	Host       field `json:"_HOSTNAME"`
	Real       field `json:"__REALTIME_TIMESTAMP"`  // microseconds
	Monotonic  field `json:"__MONOTONIC_TIMESTAMP"` // microseconds
	Invocation field `json:"_SYSTEMD_INVOCATION_ID"`
	About      field `json:"INVOCATION_ID"` // of systemd's own words about a unit
}

// field is the value of a field: journalctl writes text that is not plain as a list of bytes, and a
// field that an entry has twice as a list of texts.
type field string

// UnmarshalJSON takes each of the forms; what is in none of them is empty.
func (f *field) UnmarshalJSON(data []byte) error {
	var (
		text   string
		texts  []string
		values []int
	)
	switch {
	case json.Unmarshal(data, &text) == nil:
	case json.Unmarshal(data, &texts) == nil && len(texts) > 0:
		text = texts[0]
	case json.Unmarshal(data, &values) == nil:
		plain := make([]byte, len(values))
		for i, b := range values {
			plain[i] = byte(b)
		}
		text = strings.ToValidUTF8(string(plain), "\uFFFD")
	}
	*f = field(text)
	return nil
}

// evidence returns the lines of a journal, in journalctl's format json, that were written since a
// moment. Current is the start of the unit that runs now, or ran last; "" when that is not known.
func evidence(journal []byte, since, now Moment, current string) []Line {
	var (
		lines  []Line
		starts []string // of the lines
		order  []string // each start once
	)
	for text := range bytes.Lines(journal) {
		var e entry
		if json.Unmarshal(text, &e) != nil {
			continue // cut off, or of a program that does not write JSON
		}
		at, err := strconv.ParseInt(string(e.Monotonic), 10, 64)
		if err != nil || Moment(time.Duration(at)*time.Microsecond) < since {
			continue
		}
		start := string(e.Invocation)
		if e.About != "" {
			start = string(e.About)
		}
		if start != "" && !slices.Contains(order, start) {
			order = append(order, start)
		}
		for words := range strings.Lines(string(e.Message)) {
			lines = append(lines, Line{
				Text: e.prefix() + strings.TrimRight(words, "\r\n"),
				Age:  time.Duration(now) - time.Duration(at)*time.Microsecond,
			})
			starts = append(starts, start)
		}
	}
	if current != "" {
		// One that has not written anything yet comes after all others.
		order = append(slices.DeleteFunc(order, func(s string) bool { return s == current }), current)
	}
	for i, start := range starts {
		if at := slices.Index(order, start); at >= 0 {
			lines[i].Start = len(order) - 1 - at
		}
	}
	return lines
}

// prefix is what stands before the message: the time, the host and the program.
func (e entry) prefix() string {
	micros, _ := strconv.ParseInt(string(e.Real), 10, 64) // 0 where there is none
	program := string(e.Program)
	if e.PID != "" {
		program += "[" + string(e.PID) + "]"
	}
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05-0700") + " " + string(e.Host) + " " + program + ": "
}
