package timeline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// longestLine bounds a line of a log; the diff of a large file is in one.
const longestLine = 16 << 20

// Read reads the log of a run. One that was cut off is read as far as it goes.
func Read(log io.Reader) (Run, error) {
	reader := reader{open: map[string]int{}, sending: map[string]time.Duration{}}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, longestLine)
	var cut error // what is wrong with the last line
	for n := 1; lines.Scan() && cut == nil; n++ {
		fields, err := parseLine(lines.Text())
		if err != nil {
			cut = fmt.Errorf("line %d: %w", n, err)
			continue
		}
		if err := reader.take(fields); err != nil {
			return Run{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		return Run{}, err
	case cut != nil && (lines.Text() != "" || reader.run.Begin.IsZero()):
		return Run{}, cut
	case reader.run.Begin.IsZero():
		return Run{}, errors.New("the log is empty")
	}
	return reader.end(), nil
}

// reader is what was read so far.
type reader struct {
	run     Run
	open    map[string]int           // the index of the step that is under way, by its ID
	stage   string                   // what the run as a whole is at
	since   time.Duration            // when that began
	sending map[string]time.Duration // when the first bytes of a content were told, by host and content
	now     time.Duration
}

// take takes one event.
func (r *reader) take(e map[string]string) error {
	at, err := time.Parse(time.RFC3339Nano, e["time"])
	if err != nil {
		return fmt.Errorf("not a log of kbootstrap: %w", err)
	}
	if r.run.Begin.IsZero() {
		if e["msg"] != report.Started {
			return fmt.Errorf("not the log of a run: the first event is %q, not %q", e["msg"], report.Started)
		}
		r.run.Begin, r.run.Command, r.run.Cluster = at, e["command"], e["cluster"]
		r.stage = "read and connect"
	}
	r.now = at.Sub(r.run.Begin)
	span := Span{Name: e["component"], Host: e["host"], Begin: r.now, End: r.now}
	id := span.Host + "/" + span.Name
	switch e["msg"] {
	case fleet.EventPhase:
		r.enter(e["text"])
	case fleet.EventPlanned:
		r.enter("")
	case fleet.EventStart:
		r.open[id] = len(r.run.Steps)
		r.run.Steps = append(r.run.Steps, Step{Span: span, After: e["after"]})
	case fleet.EventChange, fleet.EventRollback:
		if i, ok := r.open[id]; ok {
			begin := max(r.now-millis(e["durationMs"]), 0)
			change := Span{Name: e["resource"], Host: span.Host, Begin: begin, End: r.now}
			r.run.Steps[i].Changes = append(r.run.Steps[i].Changes, change)
		}
	case fleet.EventLog:
		if i, ok := r.open[id]; ok {
			note := Span{Name: e["text"], Host: span.Host, Begin: r.now, End: r.now}
			r.run.Steps[i].Notes = append(r.run.Steps[i].Notes, note)
		}
	case fleet.EventDone, fleet.EventFailed, fleet.EventStopped:
		if i, ok := r.open[id]; ok {
			r.run.Steps[i].End, r.run.Steps[i].Outcome = r.now, e["msg"]
			delete(r.open, id)
		}
	case fleet.EventSending:
		if key := span.Host + "/" + e["text"]; r.sending[key] == 0 {
			r.sending[key] = r.now
		}
	case fleet.EventSent:
		key := span.Host + "/" + e["text"]
		begin, told := r.sending[key]
		if !told {
			begin = r.now // it took less than a second
		}
		r.run.Sent = append(r.run.Sent, Span{Name: e["text"], Host: span.Host, Begin: begin, End: r.now})
		delete(r.sending, key)
	}
	return nil
}

// enter ends what the run as a whole is at, and begins another.
func (r *reader) enter(stage string) {
	if r.stage != "" {
		r.run.Stages = append(r.run.Stages, Span{Name: r.stage, Begin: r.since, End: r.now})
	}
	r.stage, r.since = stage, r.now
}

// end is the run when the log has ended.
func (r *reader) end() Run {
	r.enter("")
	for _, i := range r.open {
		r.run.Steps[i].End = r.now
	}
	r.run.Took = r.now
	return r.run
}

func millis(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0 // it took less than one
	}
	return time.Duration(n) * time.Millisecond
}

// parseLine splits a line of a log into its attributes, as log/slog writes them: key=value, where a
// value with blanks is quoted as in Go.
func parseLine(line string) (map[string]string, error) {
	fields := map[string]string{}
	for rest := line; rest != ""; rest = strings.TrimPrefix(rest, " ") {
		key, value, found := strings.Cut(rest, "=")
		if !found {
			return nil, fmt.Errorf("%q is no attribute", rest)
		}
		if !strings.HasPrefix(value, `"`) {
			fields[key], rest, _ = strings.Cut(value, " ")
			continue
		}
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s is cut off", key)
		}
		if fields[key], err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", key, err)
		}
		rest = value[len(quoted):]
	}
	return fields, nil
}
