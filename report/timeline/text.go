package timeline

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// seconds is how times are shown.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// WriteCritical writes what the end of the run waited for: the stages before the first change, then
// the critical path, with what took the longest in each step.
func (r Run) WriteCritical(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s: %s\n\n", r.title(), r.subtitle()); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BEGIN\tTOOK\tWHAT\tOF IT")
	for _, s := range r.Stages {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", seconds(s.Begin), seconds(s.Took()), s.Name)
	}
	for _, s := range r.Critical() {
		name := s.Host + " " + s.Name
		if s.Outcome != "done" {
			name += " (" + s.outcome() + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", seconds(s.Begin), seconds(s.Took()), name, s.details())
	}
	if path := r.Critical(); len(path) > 0 && r.Took > path[len(path)-1].End {
		end := path[len(path)-1].End
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", seconds(end), seconds(r.Took-end), "look again, write to the disks, end")
	}
	return t.Flush()
}

// title is what was run.
func (r Run) title() string {
	return fmt.Sprintf("kbootstrap %s, %s", r.Command, r.Begin.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// subtitle is how long it took for how much.
func (r Run) subtitle() string {
	return fmt.Sprintf("%s, %d hosts, %d steps", seconds(r.Took), len(r.Hosts()), len(r.Steps))
}

// outcome is how the step ended.
func (s Step) outcome() string {
	if s.Outcome == "" {
		return "the log ends before it"
	}
	return s.Outcome
}

// noticed is how long a change takes to be worth a word.
const noticed = 50 * time.Millisecond

// details are the longest changes of a step.
func (s Step) details() string {
	var parts []string
	for _, c := range s.longest(2) {
		if c.Took() >= noticed {
			parts = append(parts, c.Name+" "+seconds(c.Took()))
		}
	}
	return strings.Join(parts, ", ")
}

// bar is how many columns the whole run has in a chart.
const bar = 40

// WriteChart writes all steps, host by host, each with a bar at its time.
func (r Run) WriteChart(w io.Writer) error {
	critical := map[string]bool{}
	for _, s := range r.Critical() {
		critical[s.ID()] = true
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintf(t, "HOST\tCOMPONENT\t%s\tTOOK\tAFTER\n", axis(r.Took))
	for _, host := range r.Hosts() {
		for _, s := range r.Steps {
			if s.Host != host {
				continue
			}
			mark := "-"
			if critical[s.ID()] {
				mark = "="
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Host, s.Name, r.bar(s.Span, mark), seconds(s.Took()), s.After)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n= is on the critical path, what the end of the run waited for")
	return err
}

// axis is the head of the bars: the whole time at its right end.
func axis(took time.Duration) string {
	end := seconds(took)
	return "|0" + strings.Repeat(" ", max(bar-len(end)-1, 1)) + end + "|"
}

// bar is a line of a span, at least one column long.
func (r Run) bar(s Span, mark string) string {
	at := func(d time.Duration) int {
		if r.Took == 0 {
			return 0
		}
		return int(int64(bar) * int64(d) / int64(r.Took))
	}
	begin := min(at(s.Begin), bar-1)
	length := max(at(s.End)-begin, 1)
	return "|" + strings.Repeat(" ", begin) + strings.Repeat(mark, length) + strings.Repeat(" ", bar-begin-length) + "|"
}
