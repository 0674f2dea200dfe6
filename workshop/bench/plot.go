package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// point is a time at a number of hosts.
type point struct{ hosts, wall float64 }

// The size of the plot and the room around it, in pixels.
const (
	plotWidth, plotHeight  = 720.0, 420.0
	plotLeft, plotBottom   = 60.0, 50.0
	plotRight, plotTop     = 190.0, 30.0
	plotLeast, plotDecades = 0.1, 5 // seconds at the bottom, and factors of ten above that
)

// svg plots time against hosts, both on logarithmic scales: what grows with the number of hosts and
// no faster is a straight line that rises as the dotted one does.
func (r *ScaleResults) svg() string {
	most := 10.0
	lines, names := map[string][]point{}, []string{}
	for _, g := range r.groups() {
		name := g.What
		if g.Trip > 0 || len(r.Runs) > 0 && g.Rate != r.Runs[0].Rate {
			name = fmt.Sprintf("%s, %.0f ms, %s", g.What, g.Trip*1000, g.Rate)
		}
		if lines[name] == nil {
			names = append(names, name)
		}
		lines[name] = append(lines[name], point{float64(g.Hosts), g.wall()})
		most = max(most, float64(g.Hosts))
	}
	x := func(hosts float64) float64 {
		return plotLeft + (plotWidth-plotLeft-plotRight)*math.Log10(max(1, hosts))/math.Log10(most)
	}
	y := func(wall float64) float64 {
		return plotHeight - plotBottom - (plotHeight-plotBottom-plotTop)*math.Log10(max(plotLeast,
			wall)/plotLeast)/plotDecades
	}
	var b strings.Builder
	fmt.Fprintf(&b,
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="11">`+
			"\n<title>Time against hosts</title>\n"+`<rect width="100%%" height="100%%" fill="white"/>`+"\n", plotWidth,
		plotHeight)
	for decade := range plotDecades + 1 {
		wall := plotLeast * math.Pow10(decade)
		fmt.Fprintf(&b,
			`<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g s</text>`+"\n",
			plotLeft, y(wall), plotWidth-plotRight, plotLeft-6, y(wall)+4, math.Round(wall*10)/10)
	}
	for _, hosts := range ticks(r.Runs) {
		fmt.Fprintf(&b,
			`<path d="M%.1f %.1fV%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%.0f</text>`+"\n",
			x(hosts), plotTop, plotHeight-plotBottom, x(hosts), plotHeight-plotBottom+16, hosts)
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">hosts</text>`+"\n",
		(plotLeft+plotWidth-plotRight)/2, plotHeight-12)
	fmt.Fprintf(&b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#999" stroke-dasharray="2 4"/>`+"\n", x(1), y(plotLeast),
		x(most), y(plotLeast*most))
	colours := []string{"#1b6ac9", "#d1495b", "#2e8b57", "#8a5cc2", "#c77d1e", "#3a9fa8", "#555555"}
	for i, name := range names {
		points := lines[name]
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.hosts, b.hosts) })
		colour, path := colours[i%len(colours)], ""
		for k, p := range points {
			path += fmt.Sprintf("%c%.1f %.1f", "ML"[min(k, 1)], x(p.hosts), y(p.wall))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x(p.hosts), y(p.wall), colour)
		}
		fmt.Fprintf(&b,
			`<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/><text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n",
			path, colour, plotWidth-plotRight+10, plotTop+10+float64(i)*15, colour, name)
	}
	return b.String() + "</svg>\n"
}

// ticks are the numbers of hosts that were measured.
func ticks(runs []ScaleRun) []float64 {
	var all []float64
	for _, r := range runs {
		all = append(all, float64(r.Hosts))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
