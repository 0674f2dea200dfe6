package main

import (
	"fmt"
	"os"
	"time"

	"kbootstrap/internal/human"
	"kbootstrap/provision/fleet"
	"kbootstrap/release"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// showFetch begins to show what a command without a run fetches: a line for each artifact, and how
// far all of them are. The returned stop ends that; it may be called again.
func (a *app) showFetch() (progress func(release.Event), stop func()) {
	view := screen.New(a.stderr, screen.Detect(a.stderr, os.Getenv))
	meter := release.NewMeter(time.Now)
	return func(e release.Event) {
		if e.Done == e.Total {
			view.Line(fmt.Sprintf("fetched %s (%s)", e.Name, human.Size(e.Total)))
		}
		if meter.Add(e) {
			view.Event(report.Event{Kind: fleet.EventFetch, Count: meter.Percent(), Text: meter.String()})
		}
	}, view.Stop
}
