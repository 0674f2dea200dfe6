package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"kbootstrap/provision/audit"
	"kbootstrap/provision/checkup"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// auditOrder is the order in which results are shown, and what counts as how bad.
var auditOrder = []struct {
	result audit.Result
	level  checkup.Level
}{
	{audit.Fail, checkup.Broken}, {audit.Unknown, checkup.Warning}, {audit.Manual, checkup.Note},
	{audit.NotAsked, checkup.Note}, {audit.Pass, checkup.OK}, {audit.NotApplicable, checkup.OK},
}

// auditText is an audit as people read it: how many checks came to what, then those that fail, and
// in the wide form all others.
func auditText(cluster string, a report.Audit, o screen.Options, wide bool) string {
	var b strings.Builder
	var counts []string
	for _, by := range auditOrder {
		if n := a.Count[string(by.result)]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, by.result))
		}
	}
	fmt.Fprintf(&b, "%s, profile %s: %s (%s)\n", cluster, a.Profile, strings.Join(counts, ", "), a.Benchmark)
	for _, by := range auditOrder {
		isShort := !wide && (by.result == audit.Pass || by.result == audit.NotApplicable)
		checks := slices.DeleteFunc(slices.Clone(a.Checks), func(c report.AuditCheck) bool {
			return c.Result != string(by.result)
		})
		if len(checks) == 0 || isShort {
			continue
		}
		b.WriteString("\n")
		if by.result != audit.Fail && by.result != audit.Unknown && !wide {
			b.WriteString(auditBrief(by.result, checks, o, by.level))
			continue
		}
		for _, c := range checks {
			fmt.Fprintf(&b, "%s  %-7s %s\n", painted(o, fmt.Sprintf("%-9s", c.Result), by.level), c.ID, c.Title)
			for line := range strings.Lines(c.Evidence()) {
				fmt.Fprintf(&b, "                   %s\n", cell(strings.TrimSpace(line)))
			}
			if c.Remedy != "" {
				fmt.Fprintf(&b, "                   -> %s\n", c.Remedy)
			}
		}
	}
	return b.String()
}

// auditBrief is a table of checks with one line of evidence for each.
func auditBrief(result audit.Result, checks []report.AuditCheck, o screen.Options, level checkup.Level) string {
	var b strings.Builder
	table(&b, func(w io.Writer) {
		for _, c := range checks {
			first, _, _ := strings.Cut(c.Evidence(), "\n")
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", result, c.ID, c.Title, cell(first))
		}
	})
	return b.String()
}
