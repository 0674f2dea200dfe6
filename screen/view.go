// Package screen shows a run to the person who started it: on a terminal finished work scrolls by above one moving line
// for each host, elsewhere there are plain lines. What machines read is in package report. Start at View.
package screen

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"kbootstrap/internal/human"
	"kbootstrap/provision"
	"kbootstrap/report"
)

// interval is how often the moving lines are drawn anew: often enough for a clock with tenths, seldom enough for a slow
// line.
const interval = 200 * time.Millisecond

// View is where a run is shown. It is a report.Sink.
type View struct {
	Options
	out   io.Writer
	now   func() time.Time
	signs signs

	mu    sync.Mutex
	hosts []*host
	begun time.Time
	drawn []int    // the widths of the moving lines on the screen, from the top, in columns
	still int      // how many questions stand on the screen
	held  []string // lines that wait for the end of a question

	stopc   chan struct{}
	ticking sync.WaitGroup
	once    sync.Once
}

// New is a view that writes to out until Stop.
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
	return &View{Options: o, out: out, now: now, begun: now(), signs: signsOf(o.ASCII), stopc: make(chan struct{})}
}

// tick draws the moving lines anew, so that their clocks run.
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

// Stop takes the moving lines away for good. It may be called again.
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

// Suspend takes the moving lines away and writes nothing more until Resume, so that a question can stand there. Several
// may do so at once.
func (v *View) Suspend() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.still++
	if v.still == 1 {
		v.print(v.erase())
	}
}

// Resume ends a Suspend: what happened meanwhile is written now.
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

// Line writes a line that stays, unless the view is quiet.
func (v *View) Line(text string) {
	if v.Quiet {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scroll(v.prefixed(v.clean(text)))
}

// Warn writes a line that stays, also when the view is quiet.
func (v *View) Warn(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scroll("kbootstrap: warning: " + v.clean(text))
}

// scroll writes a line that stays, above the moving ones.
func (v *View) scroll(text string) {
	if v.still > 0 {
		v.held = append(v.held, text+"\n")
		return
	}
	v.write(text + "\n")
}

// write writes lines that stay and draws the moving ones below them, in one piece so that nothing flickers.
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

// erase is what takes the moving lines off the screen. Terminals break lines anew when they become narrower, so what was
// one line may be several by now.
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

// prefixed is a line as it stands in a log of others: with the tool's name, and on a terminal of our own without.
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

// told is the line that stays of an event; most have none.
func (v *View) told(e report.Event) string {
	took := time.Duration(e.DurationMs) * time.Millisecond
	switch e.Kind {
	case report.Started:
		return v.started(e)
	case provision.EventPhase:
		return v.prefixed(v.clean(e.Text))
	case report.Warning:
		return v.row(e, v.paint(red, v.signs.warning), "warning: "+v.clean(e.Text))
	case provision.EventDone:
		if e.Count > 0 {
			format := "%d changed in %s"
			if v.Live {
				format = "%4d changed  %8s" // below each other
			}
			return v.row(e, v.paint(green, v.signs.ok), fmt.Sprintf(format, e.Count, Seconds(took)))
		}
	case provision.EventRollback:
		return v.row(e, v.paint(red, v.signs.warning), "put back: "+v.clean(e.Resource))
	case provision.EventFailed:
		return v.row(e, v.paint(red, v.signs.failed), v.paint(red, "failed")+" after "+Seconds(took))
	}
	if !v.Verbose {
		return ""
	}
	switch e.Kind {
	case provision.EventConnected:
		return v.row(e, "", "connected: "+v.clean(e.Text))
	case provision.EventChange:
		return v.row(e, "", fmt.Sprintf("%s (%s)", v.clean(e.Resource), Seconds(took)))
	case provision.EventLog:
		return v.row(e, "", v.clean(e.Text))
	case provision.EventStopped:
		return v.row(e, "", "stopped after "+Seconds(took))
	case provision.EventSent:
		return v.row(e, "", fmt.Sprintf("sent %s (%s)", v.clean(e.Text), human.Size(e.Bytes)))
	}
	return ""
}

// started is the first line, before anything is done.
func (v *View) started(e report.Event) string {
	if e.Cluster == "" {
		return "" // it could not be read, which is told as an error
	}
	text := v.prefixed(v.clean(fmt.Sprintf("%s %s: %s (%s)", e.Verb, e.Cluster, plural(len(e.Hosts), "host"), e.Inventory)))
	if v.Verbose && e.Log != "" {
		text += "\n" + v.prefixed("log: "+e.Log)
	}
	return text
}

// row is a line about a host, of a text that is clean: on a terminal in columns, elsewhere with colons, as tools that
// search expect it.
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
		before += pad(v.clean(e.Host), v.hostWidth()) + "  " + pad(v.clean(e.Component), componentWidth) + "  "
	case e.Component != "":
		before += v.clean(e.Component) + ": "
	}
	width, _ := v.Size()
	text = v.wrap(blank+before, text, width)
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
