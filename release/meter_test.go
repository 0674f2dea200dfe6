package release

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// line is a line of a known rate, on which four artifacts come at a time, with a clock of its own.
type line struct {
	now    time.Time
	rate   int64 // bytes a second
	meter  *Meter
	to     *progress
	shown  []string
	bad    []string
	toCome int64
}

func newLine(rate int64, artifacts []artifact, had map[string]int64) *line {
	l := &line{now: time.Unix(0, 0), rate: rate}
	l.meter = NewMeter(func() time.Time { return l.now })
	l.to = &progress{tell: l.told}
	l.to.expect(artifacts)
	for _, a := range artifacts {
		l.toCome += a.size - had[a.name()]
	}
	return l
}

// told compares the estimate with the truth, once there is one.
func (l *line) told(e Event) {
	if !l.meter.Add(e) {
		return
	}
	l.shown = append(l.shown, l.meter.String())
	truth := time.Duration(float64(l.toCome) / float64(l.rate) * float64(time.Second))
	if left := l.meter.Left(); left != 0 && truth > 2*time.Second && (left < truth*2/3 || left > truth*4/3) {
		l.bad = append(l.bad, fmt.Sprintf("%s left, and the meter says %s", truth, l.meter))
	}
}

// fetch has the artifacts come in steps of a megabyte, in turns, as four connections share a line.
func (l *line) fetch(artifacts []artifact, had map[string]int64) {
	done := map[string]int64{}
	reports := map[string]*report{}
	for _, a := range artifacts {
		done[a.name()] = had[a.name()]
		reports[a.name()] = &report{to: l.to, name: a.name(), total: a.size, had: had[a.name()]}
	}
	for len(artifacts) > 0 {
		for _, a := range artifacts[:min(parallel, len(artifacts))] {
			step := min(progressStep, a.size-done[a.name()])
			l.now = l.now.Add(time.Duration(float64(step) / float64(l.rate) * float64(time.Second)))
			l.toCome -= step
			if done[a.name()] += step; done[a.name()] == a.size {
				reports[a.name()].finished(a.size)
			} else {
				reports[a.name()].at(done[a.name()])
			}
		}
		var rest []artifact
		for _, a := range artifacts {
			if done[a.name()] < a.size {
				rest = append(rest, a)
			}
		}
		artifacts = rest
	}
}

// sized are artifacts of so many megabytes.
func sized(megabytes ...int64) []artifact {
	var all []artifact
	for i, n := range megabytes {
		all = append(all, artifact{url: fmt.Sprintf("https://example.com/%d", i), size: n << 20})
	}
	return all
}

// TestMeter: on a steady line the estimate is right within a third, from the first one on, for
// small files and large ones, and also when half of a file was there before.
func TestMeter(t *testing.T) {
	for name, c := range map[string]struct {
		rate      int64
		artifacts []artifact
		had       map[string]int64
	}{
		"a fast line":         {40 << 20, sized(130, 70, 70, 50, 30, 30, 20, 1, 1, 1), nil},
		"a slow line":         {200 << 10, sized(30, 1, 1, 20, 5), nil},
		"one file":            {5 << 20, sized(400), nil},
		"most is there":       {1 << 20, sized(100, 50), map[string]int64{"example.com/0": 90 << 20}},
		"seconds between two": {300 << 10, sized(8, 8, 8, 8), nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(c.rate, c.artifacts, c.had)
			l.fetch(c.artifacts, c.had)
			if len(l.bad) > 0 {
				t.Error(strings.Join(l.bad, "\n"))
			}
			estimates := 0
			for _, text := range l.shown {
				if strings.Contains(text, " left") {
					estimates++
				}
			}
			if estimates < 3 {
				t.Errorf("there are only %d estimates in\n%s", estimates, strings.Join(l.shown, "\n"))
			}
			last := l.shown[len(l.shown)-1]
			if want := fmt.Sprintf("%d of %[1]d files", len(c.artifacts)); !strings.HasPrefix(last, want) ||
				strings.Contains(last, "left") || l.meter.Percent() != 100 {
				t.Errorf("at the end: %s", last)
			}
		})
	}
}

// TestMeterAfterAChange: a line that becomes ten times slower is known for that within the window.
func TestMeterAfterAChange(t *testing.T) {
	artifacts := sized(200, 200)
	l := newLine(10<<20, artifacts, nil)
	l.fetch(artifacts[:1], nil)
	l.rate, l.bad = 1<<20, nil
	begun := l.now
	l.to.tell = func(e Event) {
		if l.now.Sub(begun) > meterWindow+2*meterStep {
			l.told(e)
		} else {
			l.meter.Add(e)
		}
	}
	l.fetch(artifacts[1:], nil)
	if len(l.bad) > 0 || len(l.shown) < 100 {
		t.Errorf("%d lines\n%s", len(l.shown), strings.Join(l.bad, "\n"))
	}
}

// TestMeterAgain: bytes that come again count once, and a size that was not known is added.
func TestMeterAgain(t *testing.T) {
	now := time.Unix(0, 0)
	m := NewMeter(func() time.Time { return now })
	var last Event
	p := &progress{tell: func(e Event) { last = e; m.Add(e) }}
	p.expect(sized(4))
	p.expect([]artifact{{url: "https://example.com/unknown"}})
	r := &report{to: p, name: "example.com/0", total: 4 << 20}
	r.at(3 << 20)
	now = now.Add(10 * time.Second)
	r.next = 0
	r.at(1 << 20)
	if last.All.Done != 1<<20 || last.All.Total != 4<<20 || last.All.Came != 1<<20 || last.All.Files != 2 {
		t.Errorf("%+v", last.All)
	}
	(&report{to: p, name: "example.com/unknown"}).finished(2 << 20)
	if last.All.Total != 6<<20 || last.All.FilesDone != 1 {
		t.Errorf("%+v", last.All)
	}
}

// TestRoughly: an estimate is in a unit that people count in, and none of a line that stands still.
func TestRoughly(t *testing.T) {
	for of, want := range map[time.Duration]string{
		200 * time.Millisecond: "about 1 s",
		90 * time.Second:       "about 90 s",
		122 * time.Minute:      "about 122 min",
		543 * time.Minute:      "about 9 h",
		25282 * time.Minute:    "more than two days",
	} {
		if got := roughly(of); got != want {
			t.Errorf("%v: %q, want %q", of, got, want)
		}
	}
}
