package screen

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// fetching are events of a second each.
func fetching() []report.Event {
	var all []report.Event
	for i := range 13 {
		all = append(all, report.Event{Kind: fleet.EventFetch, Count: i * 100 / 12,
			Text: "3 of 12 files, 120 MB of 402 MB, 12 MB/s, about 23 s left"})
	}
	return all
}

// TestFetchPlain: where nothing moves there is a line every few seconds.
func TestFetchPlain(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	v := newView(&out, Options{}, func() time.Time { return now })
	for _, e := range fetching() {
		v.Event(e)
		now = now.Add(time.Second)
	}
	const text = "% of 3 of 12 files, 120 MB of 402 MB, 12 MB/s, about 23 s left\n"
	want := "kbootstrap: fetching: 41" + text + "kbootstrap: fetching: 83" + text
	if got := strings.ReplaceAll(out.String(), "%: ", "% of "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFetchLive: on a terminal there is a bar, which no terminal breaks, and which goes when all is
// there.
func TestFetchLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &terminal{t: t, width: 80}
		v := New(out, Options{Live: true, Size: func() (int, int) { return out.width, 24 }})
		events := fetching()
		v.Event(events[6])
		<-time.After(interval)
		synctest.Wait()
		want := " [##########..........]  50%  3 of 12 files, 120 MB of 402 MB, 12 MB/s, about …"
		if got := out.screen(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, width := range []int{40, 7, 200} {
			out.width = width
			v.Line("now")
			for _, l := range v.drawn {
				if l >= width {
					t.Errorf("a line of %d columns on a terminal of %d", l, width)
				}
			}
		}
		v.Event(events[12])
		v.Stop()
		if got := out.screen(); strings.Contains(got, "[") {
			t.Errorf("in the end %q", got)
		}
	})
}
