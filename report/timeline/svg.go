package timeline

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"
)

//go:embed timeline.svg.tmpl
var svgText string

// Sizes of the picture, in pixels.
const (
	svgNames = 230 // the column of names
	svgWidth = 960 // of the time of the run
	svgRow   = 16
	svgTop   = 64
)

// svgRowData is a line of the picture.
type svgRowData struct {
	Y        int
	Label    string
	Title    string // shown when the pointer is on it
	X, Width float64
	Class    string
	Marks    []svgMark // of the longest changes, within the bar
}

type svgMark struct {
	X, Width float64
	Title    string
}

type svgTick struct {
	X     float64
	Label string
}

type svgLink struct{ X, Y1, Y2 float64 }

// svgData is the data of the picture.
type svgData struct {
	Width, Height, Names, Row, Bottom int
	Title, Subtitle                   string
	Ticks                             []svgTick
	Rows                              []svgRowData
	Links                             []svgLink // from the end of a step of the critical path to the next one
}

// WriteSVG writes the run as a picture: a line for each step of each host, in the order of their
// times, the critical path in another colour and with a frame, and what was sent to the hosts.
func (r Run) WriteSVG(w io.Writer) error {
	// The picture is text of a log: html/template writes no name in it as markup.
	t, err := template.New("svg").Parse(svgText)
	if err != nil {
		return err
	}
	return t.Execute(w, r.picture())
}

func (r Run) picture() svgData {
	d := svgData{
		Names: svgNames, Row: svgRow - 4, Width: svgNames + svgWidth + 40,
		Title: r.title(), Subtitle: r.subtitle(),
	}
	x := func(t time.Duration) float64 {
		return math.Round(10*(svgNames+svgWidth*t.Seconds()/max(r.Took.Seconds(), 0.001))) / 10
	}
	y := svgTop
	add := func(label, title, class string, s Span, marks ...svgMark) int {
		d.Rows = append(d.Rows, svgRowData{
			Y: y, Label: label, Title: title, X: x(s.Begin), Width: max(math.Round(10*(x(s.End)-x(s.Begin)))/10, 1),
			Class: class, Marks: marks,
		})
		y += svgRow
		return y - svgRow
	}
	for _, s := range r.Stages {
		add(s.Name, fmt.Sprintf("%s: %s", s.Name, seconds(s.Took())), "stage", s)
	}
	path := r.Critical()
	at := map[string]int{}
	for _, host := range r.Hosts() {
		y += svgRow / 2
		for _, s := range r.Steps {
			if s.Host != host {
				continue
			}
			var marks []svgMark
			for _, c := range s.longest(3) {
				if c.Took() >= noticed {
					marks = append(marks, svgMark{
						X: x(c.Begin), Width: x(c.End) - x(c.Begin), Title: c.Name + ": " + seconds(c.Took()),
					})
				}
			}
			class := "step"
			for _, p := range path {
				if p.ID() == s.ID() && p.Begin == s.Begin {
					class = "critical"
				}
			}
			if s.Outcome != "done" {
				class += " broken"
			}
			at[s.ID()] = add(s.Host+" "+s.Name, s.tip(), class, s.Span, marks...)
		}
		for _, s := range r.Sent {
			if s.Host == host && s.Took() > 0 {
				add(s.Host+" < "+s.Name, fmt.Sprintf("%s is sent: %s", s.Name, seconds(s.Took())), "sent", s)
			}
		}
	}
	for i := 1; i < len(path); i++ {
		half := float64(svgRow-4) / 2
		d.Links = append(d.Links, svgLink{
			X: x(path[i].Begin), Y1: float64(at[path[i-1].ID()]) + half, Y2: float64(at[path[i].ID()]) + half,
		})
	}
	d.Ticks = ticks(r.Took, x)
	d.Bottom, d.Height = y, y+svgRow
	return d
}

// tip is what is said of a step when the pointer is on it.
func (s Step) tip() string {
	lines := []string{fmt.Sprintf("%s: %s, from %s to %s", s.ID(), seconds(s.Took()), seconds(s.Begin), seconds(s.End))}
	if s.After != "" {
		lines = append(lines, "it waited for "+s.After)
	}
	if s.Outcome != "done" {
		lines = append(lines, s.outcome())
	}
	for _, c := range s.longest(5) {
		lines = append(lines, seconds(c.Took())+"  "+c.Name)
	}
	for _, n := range s.Notes {
		lines = append(lines, "at "+seconds(n.Begin)+"  "+n.Name)
	}
	return strings.Join(lines, "\n")
}

// ticks are some ten moments with round numbers.
func ticks(took time.Duration, x func(time.Duration) float64) []svgTick {
	step := time.Second
	for _, s := range []int{1, 2, 5, 10, 20, 60, 120, 300, 600, 3600} {
		if step = time.Duration(s) * time.Second; took/step <= 12 {
			break
		}
	}
	var all []svgTick
	for t := time.Duration(0); t <= took; t += step {
		all = append(all, svgTick{X: x(t), Label: fmt.Sprintf("%d s", int(t.Seconds()))})
	}
	return all
}
