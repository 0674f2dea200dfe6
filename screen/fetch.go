package screen

import (
	"fmt"
	"strings"
	"time"

	"kbootstrap/report"
)

// fetchEvery is how often a line tells of artifacts that are fetched, where no line moves.
const fetchEvery = 5 * time.Second

// barWidth is how many columns the bar of artifacts has between its brackets.
const barWidth = 20

// fetch is how far the artifacts are.
type fetch struct {
	percent int
	text    string // empty when nothing is being fetched
	told    time.Time
}

// fetched keeps how far the artifacts are, and returns a permanent line where there is no moving
// one: at the first event some seconds after the last line.
func (v *View) fetched(e report.Event) string {
	v.fetch.percent, v.fetch.text = e.Count, v.clean(e.Text)
	if e.Count >= 100 {
		v.fetch.text = ""
	}
	now := v.now()
	if v.fetch.told.IsZero() {
		v.fetch.told = now
	}
	if v.Live || now.Sub(v.fetch.told) < fetchEvery {
		return ""
	}
	v.fetch.told = now
	return v.prefixed(fmt.Sprintf("fetching: %d%%: %s", e.Count, v.clean(e.Text)))
}

// bar is the moving line of the artifacts.
func (v *View) bar(width int) line {
	full := min(barWidth, barWidth*v.fetch.percent/100)
	text := fmt.Sprintf(" [%s%s] %3d%%  %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full),
		v.fetch.percent, v.fetch.text)
	text = v.signs.cut(text, width-1)
	return line{text, cells(text)}
}
