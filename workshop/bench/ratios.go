package main

import (
	"fmt"
	"slices"
	"strings"
)

// goal is a figure that is to be reached, as far as possible one that does not depend on the
// machine.
type goal struct {
	What   string
	Of     []string // the scenarios that it is made of
	Format string   // of the figure and of the goal
	Most   float64
	// Figure is made of the medians of the scenarios, in their order.
	Figure func(of []median) float64
}

// median tells the median of a figure of the runs of one scenario.
type median func(func(Run) float64) float64

// goals is the list of what is to be reached.
func goals() []goal {
	wall := func(r Run) float64 { return r.Wall }
	over := func(of []median) float64 { return of[0](wall) / of[1](wall) }
	one := func(figure func(Run) float64) func([]median) float64 {
		return func(of []median) float64 { return of[0](figure) }
	}
	return []goal{
		{"1+1 / kubeadm", []string{"1+1", kubeadm}, "%.2f", 0.40, over},
		{"1 / its floor", []string{"1", "1-floor"}, "%.2f", 1.5, over},
		{"1+1 / its floor", []string{"1+1", "1+1-floor"}, "%.2f", 1.5, over},
		{"add-node / its floor", []string{"add-node", "add-node-floor"}, "%.2f", 1.5, over},
		{"3+1 / 1+1", []string{"3+1", "1+1"}, "%.2f", 1.6, over},
		{"3+1 / 1+1, their floors", []string{"3+1-floor", "1+1-floor"}, "%.2f", 1.6, over},
		{"again", []string{"again"}, "%.2f s", 0.3, one(wall)},
		{"to a worker, in 1+1", []string{"1+1"}, "%.0f MB", 115, one(megabytesTo("w"))},
		{"to a control plane, in 1+1", []string{"1+1"}, "%.0f MB", 190, one(megabytesTo("cp"))},
		{
			"CPU of the control machine, in 1+1", []string{"1+1"}, "%.2f s", 1.0,
			one(func(r Run) float64 { return r.CPU }),
		},
		{
			"peak memory of `up`, in 1+1", []string{"1+1"}, "%.0f MB", 60,
			one(func(r Run) float64 { return float64(r.Memory) / 1e6 }),
		},
	}
}

// megabytesTo is what the host got that got most of those whose names begin so: the lab names
// control planes cp1, cp2 and workers w1, w2.
func megabytesTo(prefix string) func(Run) float64 {
	return func(r Run) float64 {
		most := int64(0)
		for name, cost := range r.Hosts {
			if strings.HasPrefix(name, prefix) {
				most = max(most, cost.Received)
			}
		}
		return float64(most) / 1e6
	}
}

// ratios is the table of the goals, and whether each is reached. One whose scenarios were not all
// run says so.
func (r *Results) ratios() string {
	var b strings.Builder
	b.WriteString("| to reach | figure | goal | reached |\n|---|--:|--:|---|\n")
	for _, g := range goals() {
		figure, reached := "", "not run: "+strings.Join(r.missing(g.Of), ", ")
		if len(r.missing(g.Of)) == 0 {
			var of []median
			for _, name := range g.Of {
				runs := r.of(name)
				of = append(of, func(f func(Run) float64) float64 { return medianOf(collect(runs, f)) })
			}
			value := g.Figure(of)
			figure, reached = fmt.Sprintf(g.Format, value), "no"
			if value <= g.Most {
				reached = "yes"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | ≤ "+g.Format+" | %s |\n", g.What, figure, g.Most, reached)
	}
	return b.String()
}

// of are the runs of a scenario.
func (r *Results) of(scenario string) []Run {
	return slices.DeleteFunc(slices.Clone(r.Runs), func(run Run) bool { return run.Scenario != scenario })
}

// missing are those of the scenarios that have no run.
func (r *Results) missing(scenarios []string) []string {
	return slices.DeleteFunc(slices.Clone(scenarios), func(name string) bool { return len(r.of(name)) > 0 })
}
