package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// write replaces the file of results and the plot.
func (r *ScaleResults) write(path, plot string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(path, append(text, '\n'), 0o644), os.WriteFile(plot, []byte(r.svg()), 0o644))
}

// group is the runs that differ in nothing but when they were made.
type group struct {
	ScaleRun
	runs []ScaleRun
}

// groups are in the order of their first runs.
func (r *ScaleResults) groups() []*group {
	var all []*group
	byKey := map[string]*group{}
	for _, run := range r.Runs {
		key := fmt.Sprint(run.What, run.Hosts, run.Trip, run.Rate)
		if byKey[key] == nil {
			byKey[key] = &group{ScaleRun: run}
			all = append(all, byKey[key])
		}
		byKey[key].runs = append(byKey[key].runs, run)
	}
	return all
}

func (g group) median(of func(ScaleRun) float64) float64 {
	var values []float64
	for _, r := range g.runs {
		values = append(values, of(r))
	}
	return medianOf(values)
}

// wall is the median.
func (g group) wall() float64 { return g.median(func(r ScaleRun) float64 { return r.Wall }) }

// markdown is the table of all runs, each figure the median.
func (r *ScaleResults) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %.0f GB, Linux %s, load %.1f at the start; %s\n\n", r.Machine.CPU, r.Machine.Cores,
		float64(r.Machine.Memory)/1e9, r.Machine.Kernel, r.Machine.Load, r.Began.Format("2006-01-02"))
	b.WriteString("| what | hosts | round trip, ms | line | runs | wall, s | CPU, s | memory, MB |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, g := range r.groups() {
		fmt.Fprintf(&b, "| %s | %d | %.0f | %s | %d | **%.2f** | %.2f | %s |\n", g.What, g.Hosts, g.Trip*1000, g.Rate,
			len(g.runs),
			g.wall(), g.median(func(r ScaleRun) float64 { return r.CPU }),
			number(g.median(func(r ScaleRun) float64 { return float64(r.Memory) / 1e6 })))
	}
	return b.String()
}
