package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/internal/human"
	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// host is what a moving line shows of a host.
type host struct {
	name    string
	number  int       // its place in the inventory
	begun   time.Time // zero until something happens there
	stage   string    // the activity while no component is being made: "connecting", "connected"
	steps   int       // how many components there are to make; 0 until that is known
	ended   int       // how many are done
	work    []work    // the components under way; the last is the one that had an event most recently
	sent    int64     // bytes of contents that arrived
	sending int64     // bytes of the content that is being sent
	failed  bool
	took    time.Duration // how long the host took until it was done
}

// work is a component under way.
type work struct {
	component string
	began     time.Time
	says      string // its last line of progress
}

// done reports whether the host has nothing left to do.
func (h *host) done() bool { return h.steps > 0 && h.ended >= h.steps }

// isWaiting reports whether the host has things left to do, and nothing that may be begun.
func (h *host) isWaiting() bool { return h.steps > 0 && !h.done() && len(h.work) == 0 }

// keep records what the moving lines show of an event.
func (v *View) keep(e report.Event) {
	if e.Kind == report.Started {
		for _, name := range e.Hosts {
			h := &host{name: name, number: len(v.hosts)}
			v.hosts, v.byName[name] = append(v.hosts, h), h
			v.hostWidth = max(v.hostWidth, min(cells(v.clean(name)), maxHostWidth))
		}
	}
	h := v.byName[e.Host]
	if h == nil {
		return
	}
	if h.begun.IsZero() {
		h.begun = v.now()
	}
	switch e.Kind {
	case fleet.EventConnecting:
		h.stage = "connecting"
	case fleet.EventConnected:
		h.stage = "connected"
	case fleet.EventPlanned:
		h.steps, h.ended, h.begun = e.Count, 0, v.now()
	case fleet.EventStart:
		h.work = append(h.work, work{component: e.Component, began: v.now()})
	case fleet.EventLog, fleet.EventChange, fleet.EventRollback:
		h.heard(e)
	case fleet.EventSending:
		h.sending = e.Bytes
	case fleet.EventSent:
		h.sent, h.sending = h.sent+e.Bytes, 0
	case fleet.EventDone, fleet.EventFailed, fleet.EventStopped:
		h.ended++
		h.failed = h.failed || e.Kind == fleet.EventFailed
		h.work = slices.DeleteFunc(h.work, func(w work) bool { return w.component == e.Component })
		h.took = v.now().Sub(h.begun)
	}
}

// heard moves the component of an event to the end of those under way. The last line that a
// component logged is kept until the component changes something, because then it no longer waits.
func (h *host) heard(e report.Event) {
	i := slices.IndexFunc(h.work, func(w work) bool { return w.component == e.Component })
	if i < 0 {
		if e.Text != "" && len(h.work) == 0 {
			h.stage = e.Text
		}
		return
	}
	w := h.work[i]
	w.says = e.Text
	h.work = append(slices.Delete(h.work, i, i+1), w)
}

// line is one moving line and how many columns it takes.
type line struct {
	text  string
	cells int
}

// The widths of columns. The longest name of a component has 23 letters.
const (
	componentWidth = 23
	minHostWidth   = 4
	maxHostWidth   = 20
)

// frame returns the moving lines for a terminal of that size: one for each host, as many as there
// is room for, and a last one for all hosts together. Where there is not room for all, those that
// have failed come before those at work, and these before those that wait for others and those that
// are done. No line is as wide as the terminal, because some terminals then break it.
func (v *View) frame(width, height int) []line {
	var failed, busy, waiting, done []*host
	var bytes int64
	for _, h := range v.hosts {
		bytes += h.sent + h.sending
		switch {
		case h.begun.IsZero():
		case h.failed:
			failed = append(failed, h)
		case h.done():
			done = append(done, h)
		case h.isWaiting():
			waiting = append(waiting, h)
		default:
			busy = append(busy, h)
		}
	}
	shown := slices.Concat(failed, busy, waiting, done)
	if len(shown) == 0 && v.fetch.text == "" {
		return nil
	}
	if len(shown) == 0 {
		return []line{v.bar(width)}
	}
	room := max(1, height-3) // minus the last line, the line that counts the rest, and the line of the cursor
	if v.fetch.text != "" {
		room = max(1, room-1)
	}
	if len(shown) <= room+1 {
		room++ // nothing is left out
	}
	rest := shown[min(room, len(shown)):]
	shown = shown[:len(shown)-len(rest)]
	slices.SortFunc(shown, func(a, b *host) int { return a.number - b.number })

	var lines []line
	add := func(text string) {
		text = v.signs.cut(text, width-1)
		lines = append(lines, line{text: text, cells: cells(text)})
	}
	if v.fetch.text != "" {
		lines = append(lines, v.bar(width))
	}
	for _, h := range shown {
		add(v.hostLine(h))
	}
	if len(rest) > 0 {
		add(fmt.Sprintf("  %s and %d more", v.signs.ellipsis, len(rest)))
	}
	text := "  " + Seconds(v.now().Sub(v.begun))
	if len(done) > 0 {
		text += fmt.Sprintf(", %d of %s done", len(done), plural(len(v.hosts), "host"))
	}
	if len(failed) > 0 {
		text += fmt.Sprintf(", %d failed", len(failed))
	}
	if bytes > 0 {
		text += ", " + human.Size(bytes) + " sent"
	}
	add(text)
	last := &lines[len(lines)-1]
	last.text = v.paint(dim, last.text)
	return lines
}

// hostLine renders a host: the elapsed time of the current activity, the bytes sent, the components
// done, the activity.
func (v *View) hostLine(h *host) string {
	took, progress, at := v.now().Sub(h.begun), "", h.stage
	switch {
	case h.done():
		took, at = h.took, "done"
		if h.failed {
			at = "failed"
		}
	case len(h.work) > 0:
		w := h.work[len(h.work)-1]
		took, at = v.now().Sub(w.began), w.component
		if others := len(h.work) - 1; others > 0 {
			at += fmt.Sprintf(" (+%d)", others)
		}
		if w.says != "" {
			at += ": " + w.says
		}
	case h.failed:
		at = "failed"
	case h.isWaiting():
		at = "waiting for other hosts"
	}
	if h.steps > 0 {
		progress = fmt.Sprintf("%d/%d", min(h.ended, h.steps), h.steps)
	}
	name := pad(v.signs.cut(v.clean(h.name), maxHostWidth), v.hostWidth)
	text := fmt.Sprintf("  %s %8s %7s %6s  %s", name, Seconds(took),
		human.Size(h.sent+h.sending), progress, v.clean(at))
	return strings.TrimRight(text, " ")
}
