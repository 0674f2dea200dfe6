package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// markdown is the table of all runs: the median of each figure, of the wall time the range too.
func (r *Results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, Kubernetes %s, %s hosts; %s, %d cores, %.0f GB, Linux %s; %s\n\n",
		r.Version, r.Kubernetes, r.Bare, r.Machine.CPU, r.Machine.Cores,
		float64(r.Machine.Memory)/1e9, r.Machine.Kernel, r.Began.Format("2006-01-02"))
	b.WriteString("| what | runs | wall, s (min–max) | " + strings.Join(phaseNames(), ", s | ") +
		", s | CPU, s | of hosts, s | memory, MB | to all hosts, MB | back, MB | SSH logins a host | " +
		"channels a host | requests a host |\n")
	b.WriteString("|---|" + strings.Repeat("--:|", 10+len(phaseNames())) + "\n")
	for _, s := range scenarios() {
		if runs := r.of(s.Name); len(runs) > 0 {
			b.WriteString(row(s, runs))
		}
	}
	return b.String() + "\n" + r.ratios()
}

// row is one scenario's line.
func row(s scenario, runs []Run) string {
	median := func(f func(Run) float64) float64 { return medianOf(collect(runs, f)) }
	wall := collect(runs, func(r Run) float64 { return r.Wall })
	what := s.What
	if s.Floor {
		what += fmt.Sprintf(" (units %.2f s, line %.2f s)",
			median(func(r Run) float64 { return r.Floor.Units }), median(func(r Run) float64 { return r.Floor.Line }))
	}
	cells := []string{
		what, fmt.Sprint(len(runs)),
		fmt.Sprintf("**%.2f** (%.2f–%.2f)",
			median(func(r Run) float64 { return r.Wall }), slices.Min(wall), slices.Max(wall)),
	}
	for _, phase := range phaseNames() {
		var marks []float64
		for _, r := range runs {
			if at, ok := r.Phases[phase]; ok {
				marks = append(marks, at)
			}
		}
		cell := ""
		if len(marks) > 0 {
			cell = fmt.Sprintf("%.2f", medianOf(marks))
		}
		cells = append(cells, cell)
	}
	cells = append(cells,
		figure("%.2f", median(func(r Run) float64 { return r.CPU })),
		fmt.Sprintf("%.1f", median(func(r Run) float64 { return r.HostsCPU })),
		number(median(func(r Run) float64 { return float64(r.Memory) / 1e6 })),
		megabytes(median(func(r Run) float64 { return r.Hosts.sum(func(c Cost) int64 { return c.Received }) })),
		megabytes(median(func(r Run) float64 { return r.Hosts.sum(func(c Cost) int64 { return c.Sent }) })),
		number(median(func(r Run) float64 { return r.Hosts.most(func(c Cost) int { return c.Connections }) })),
		number(median(func(r Run) float64 { return r.Hosts.most(func(c Cost) int { return c.Channels }) })),
		number(median(func(r Run) float64 { return r.Hosts.most(func(c Cost) int { return c.Requests }) })),
	)
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// number is a figure without decimals.
func number(n float64) string { return figure("%.0f", n) }

// figure is empty for a figure that there is not.
func figure(format string, n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// megabytes keeps three digits of small numbers, which are the interesting ones.
func megabytes(bytes float64) string {
	if bytes < 10e6 {
		return figure("%.3f", bytes/1e6)
	}
	return figure("%.0f", bytes/1e6)
}

// sum adds a figure of all hosts.
func (c costs) sum(f func(Cost) int64) float64 {
	total := int64(0)
	for _, cost := range c {
		total += f(cost)
	}
	return float64(total)
}

// most is the figure of the host where it is highest.
func (c costs) most(f func(Cost) int) float64 {
	most := 0
	for cost := range maps.Values(c) {
		most = max(most, f(cost))
	}
	return float64(most)
}

func collect(runs []Run, f func(Run) float64) []float64 {
	var values []float64
	for _, r := range runs {
		values = append(values, f(r))
	}
	return values
}

// medianOf is the value in the middle, or between the two in the middle.
func medianOf(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
