// Package screen shows a run to the person who started it: on a terminal, finished work scrolls by
// above one moving line for each host; elsewhere there are plain lines. The output for programs is
// in package report. Start at View.
package screen

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"kbootstrap/internal/human"
	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// interval is how often the moving lines are redrawn: often enough for a clock that shows tenths,
// seldom enough for a slow connection.
const interval = 200 * time.Millisecond

// View is where a run is shown. It is a report.Sink.
type View struct {
	Options
	out   io.Writer
	now   func() time.Time
	signs signs

	mu        sync.Mutex
	hosts     []*host
	byName    map[string]*host
	hostWidth int // of the column of their names
	begun     time.Time
	drawn     []int    // the widths of the moving lines on the screen, from the top, in columns
	still     int      // how many questions are on the screen
	held      []string // lines that wait for the end of a question
	fetch     fetch

	stopc   chan struct{}
	ticking sync.WaitGroup
	once    sync.Once
}

// New returns a view that writes to out until Stop.
func New(out io.Writer, o Options) *View {
	v := newView(out, o, time.Now)
	if v.Live {
		v.ticking.Go(v.tick)
	}
	return v
}

func newView(out io.Writer, o Options, now func() time.Time) *View {
	if o.Quiet {
		o.Live, o.Verbose = false, false
	}
	return &View{Options: o, out: out, now: now, begun: now(), signs: signsOf(o.ASCII), stopc: make(chan struct{}),
		byName: map[string]*host{}, hostWidth: minHostWidth}
}

// tick redraws the moving lines, so that their clocks run.
func (v *View) tick() {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-v.stopc:
			return
		case <-ticker.C:
			v.mu.Lock()
			v.write("")
			v.mu.Unlock()
		}
	}
}

// Stop removes the moving lines for good. It may be called again.
func (v *View) Stop() {
	v.once.Do(func() {
		close(v.stopc)
		v.ticking.Wait()
		v.mu.Lock()
		defer v.mu.Unlock()
		v.Live = false
		v.write("")
	})
}

// Suspend removes the moving lines and writes nothing more until Resume, so that a question can be
// shown. Several callers may do so at once.
func (v *View) Suspend() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.still++
	if v.still == 1 {
		v.print(v.erase())
	}
}

// Resume ends a Suspend: the lines of what happened meanwhile are written now.
func (v *View) Resume() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.still--; v.still > 0 {
		return
	}
	held := strings.Join(v.held, "")
	v.held = nil
	v.write(held)
}

// Line writes a permanent line, unless the view is quiet.
func (v *View) Line(text string) {
	if v.Quiet {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scroll(v.prefixed(v.clean(text)))
}

// Warn writes a permanent line, even if the view is quiet.
func (v *View) Warn(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scroll("kbootstrap: warning: " + v.clean(text))
}

// scroll writes a permanent line above the moving ones.
func (v *View) scroll(text string) {
	if v.still > 0 {
		v.held = append(v.held, text+"\n")
		return
	}
	v.write(text + "\n")
}

// write writes permanent lines and draws the moving ones below them, in one piece so that nothing
// flickers.
func (v *View) write(lines string) {
	if v.still > 0 {
		return
	}
	var b strings.Builder
	b.WriteString(v.erase())
	b.WriteString(lines)
	if v.Live {
		width, height := v.Size()
		for _, l := range v.frame(width, height) {
			b.WriteString(l.text + "\n")
			v.drawn = append(v.drawn, l.cells)
		}
	}
	v.print(b.String())
}

// erase returns the text that removes the moving lines from the screen. Terminals rewrap lines when
// they become narrower, so one line may have become several.
func (v *View) erase() string {
	if len(v.drawn) == 0 {
		return ""
	}
	width, _ := v.Size()
	rows := 0
	for _, cells := range v.drawn {
		rows += max(1, (cells+width-1)/width)
	}
	v.drawn = nil
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", rows)
}

func (v *View) print(text string) {
	if text != "" {
		_, _ = io.WriteString(v.out, text) // a closed terminal does not stop a run
	}
}

// prefixed returns a line with the tool's name in front, which tells it apart in a log with other
// programs' lines. A terminal with moving lines needs no prefix.
func (v *View) prefixed(text string) string {
	if v.Live {
		return text
	}
	return "kbootstrap: " + text
}

// Event takes one event of the run.
func (v *View) Event(e report.Event) {
	if v.Quiet {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keep(e)
	if text := v.told(e); text != "" {
		v.scroll(text)
	}
}

// told returns the permanent line for an event; most events have none.
func (v *View) told(e report.Event) string {
	took := time.Duration(e.DurationMs) * time.Millisecond
	switch e.Kind {
	case report.Started:
		return v.started(e)
	case fleet.EventPhase:
		return v.prefixed(v.clean(e.Text))
	case fleet.EventFetch:
		return v.fetched(e)
	case report.Warning:
		return v.row(e, v.paint(red, v.signs.warning), "warning: "+v.clean(e.Text))
	case fleet.EventDone:
		if e.Count > 0 {
			format := "%d changed in %s"
			if v.Live {
				format = "%4d changed  %8s" // below each other
			}
			return v.row(e, v.paint(green, v.signs.ok), fmt.Sprintf(format, e.Count, Seconds(took)))
		}
	case fleet.EventChecked:
		return v.checked(e, took)
	case fleet.EventRollback:
		return v.row(e, v.paint(red, v.signs.warning), "put back: "+v.clean(e.Resource))
	case fleet.EventFailed:
		return v.row(e, v.paint(red, v.signs.failed), v.paint(red, "failed")+" after "+Seconds(took))
	}
	if !v.Verbose {
		return ""
	}
	switch e.Kind {
	case fleet.EventConnected:
		return v.row(e, "", "connected: "+v.clean(e.Text))
	case fleet.EventChange:
		return v.row(e, "", fmt.Sprintf("%s (%s)", v.clean(e.Resource), Seconds(took)))
	case fleet.EventLog:
		return v.row(e, "", v.clean(e.Text))
	case fleet.EventStopped:
		return v.row(e, "", "stopped after "+Seconds(took))
	case fleet.EventSent:
		return v.row(e, "", fmt.Sprintf("sent %s (%s)", v.clean(e.Text), human.Size(e.Bytes)))
	}
	return ""
}

// checked returns the line of a check of verify that has ended.
func (v *View) checked(e report.Event, took time.Duration) string {
	mark := v.paint(green, v.signs.ok)
	if !strings.HasPrefix(e.Text, "pass") {
		mark = v.signs.warning
	}
	if strings.HasPrefix(e.Text, "fail") {
		mark = v.paint(red, v.signs.failed)
	}
	return v.row(e, mark, fmt.Sprintf("%s (%s)", v.clean(e.Text), Seconds(took)))
}

// started returns the first line, before anything is done.
func (v *View) started(e report.Event) string {
	if e.Cluster == "" {
		return "" // the inventory could not be read, which is reported as an error
	}
	text := fmt.Sprintf("%s %s: %s (%s)", e.Verb, e.Cluster, plural(len(e.Hosts), "host"), e.Inventory)
	text = v.prefixed(v.clean(text))
	if v.Verbose && e.Log != "" {
		text += "\n" + v.prefixed("log: "+e.Log)
	}
	return text
}

// row returns a line about a host, whose text must be clean: on a terminal in columns, elsewhere
// with colons, which suit tools that search.
func (v *View) row(e report.Event, mark, text string) string {
	if !v.Live {
		for _, part := range []string{e.Component, e.Host} {
			if part != "" {
				text = v.clean(part) + ": " + text
			}
		}
		return "kbootstrap: " + text
	}
	blank := strings.Repeat(" ", cells(v.signs.ok))
	before := " "
	switch {
	case e.Host != "":
		before += pad(v.clean(e.Host), v.hostWidth) + "  " + pad(v.clean(e.Component), componentWidth) + "  "
	case e.Component != "":
		before += v.clean(e.Component) + ": "
	}
	width, _ := v.Size()
	text = wrap(blank+before, text, width)
	if mark != "" {
		text = mark + strings.TrimPrefix(text, blank)
	}
	return text
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
