package release

import (
	"fmt"
	"strings"
	"time"

	"kbootstrap/internal/human"
)

const (
	// meterWindow is how far back the rate looks: a line that has become slow shows soon.
	meterWindow = 20 * time.Second
	// meterStep is the least time between two samples.
	meterStep = time.Second
	// meterLeast is how long a rate is measured before anything is concluded from it.
	meterLeast = 2 * time.Second
)

// Meter says in words how far all that is fetched is, how fast it comes, and when it will be there.
type Meter struct {
	now     func() time.Time
	samples []sample // from the oldest within the window on
	all     Sum
}

// sample is how many bytes had come at a time.
type sample struct {
	at   time.Time
	came int64
}

// NewMeter returns a meter that begins now.
func NewMeter(now func() time.Time) *Meter {
	return &Meter{now: now, samples: []sample{{at: now()}}}
}

// Add takes an event. It reports whether the last one that it said so of is a second ago, or the
// event is the end of a file: more is not worth showing.
func (m *Meter) Add(e Event) bool {
	m.all = e.All
	last := m.samples[len(m.samples)-1]
	if m.all.Came < last.came {
		m.samples = []sample{{m.now(), m.all.Came}} // something is fetched again
		return true
	}
	now := m.now()
	if now.Sub(last.at) < meterStep {
		return e.Done == e.Total
	}
	m.samples = append(m.samples, sample{now, m.all.Came})
	for len(m.samples) > 2 && now.Sub(m.samples[1].at) >= meterWindow {
		m.samples = m.samples[1:]
	}
	return true
}

// Percent is how much of all is there.
func (m *Meter) Percent() int {
	if m.all.Total == 0 {
		return 0
	}
	return int(m.all.Done * 100 / m.all.Total)
}

// Left is an estimate of how long the rest takes, or 0 as long as that cannot be known.
func (m *Meter) Left() time.Duration {
	rate := m.rate()
	if rate == 0 {
		return 0
	}
	return time.Duration(float64(m.all.Total-m.all.Done) / rate * float64(time.Second))
}

// rate is in bytes a second, or 0 as long as that cannot be known.
func (m *Meter) rate() float64 {
	first, took := m.samples[0], m.now().Sub(m.samples[0].at)
	if took < meterLeast {
		return 0
	}
	return float64(m.all.Came-first.came) / took.Seconds()
}

// String is such as "3 of 12 files, 120 MB of 402 MB, 12 MB/s, about 23 s left".
func (m *Meter) String() string {
	parts := []string{
		fmt.Sprintf("%d of %d files", m.all.FilesDone, m.all.Files),
		human.Size(m.all.Done) + " of " + human.Size(m.all.Total),
	}
	if rate := m.rate(); rate > 0 {
		parts = append(parts, human.Size(int64(rate))+"/s")
		if left := m.Left(); left > 0 {
			parts = append(parts, roughly(left)+" left")
		}
	}
	return strings.Join(parts, ", ")
}

// roughly is a time in seconds, in minutes or in hours; what is longer than two days tells of a
// line that stands still.
func roughly(d time.Duration) string {
	switch {
	case d < 3*time.Minute:
		return fmt.Sprintf("about %d s", max(1, int(d.Round(time.Second).Seconds())))
	case d < 3*time.Hour:
		return fmt.Sprintf("about %d min", int(d.Round(time.Minute).Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("about %d h", int(d.Round(time.Hour).Hours()))
	}
	return "more than two days"
}
