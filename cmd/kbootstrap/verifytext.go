package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kbootstrap/provision/checkup"
	"kbootstrap/provision/verify"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// verifyLevels are how bad a result is.
var verifyLevels = map[verify.Result]checkup.Level{
	verify.Pass: checkup.OK, verify.Skipped: checkup.Note, verify.Unknown: checkup.Warning, verify.Fail: checkup.Broken,
}

// shownFailures is how many failures of a check the short form has: where a host is cut off, each
// way from and to it fails.
const shownFailures = 6

// verifyText is a verification as people read it: the verdict, a line for each check, and then what
// fails with its likely cause, in the wide form with all evidence.
func verifyText(cluster string, v report.Verify, o screen.Options, wide bool) string {
	var b strings.Builder
	var counts []string
	for _, result := range []verify.Result{verify.Fail, verify.Unknown, verify.Pass, verify.Skipped} {
		if n := v.Count[string(result)]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, result))
		}
	}
	took := seconds(time.Duration(v.DurationMs) * time.Millisecond)
	fmt.Fprintf(&b, "%s: %s in %s\n", cluster, strings.Join(counts, ", "), took)
	table(&b, func(w io.Writer) {
		for _, c := range v.Checks {
			result := painted(o, fmt.Sprintf("%-7s", c.Result), verifyLevels[verify.Result(c.Result)])
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", result, c.Name, seconds(time.Duration(c.DurationMs)*time.Millisecond),
				cell(cellOf(c)))
		}
	})
	for _, c := range v.Checks {
		if c.Result == string(verify.Fail) {
			b.WriteString("\n" + failureText(c, o, wide))
		}
	}
	return b.String()
}

// cellOf is a check in a few words.
func cellOf(c report.VerifyCheck) string {
	if c.Text != "" {
		return c.Title + " (" + c.Text + ")"
	}
	return c.Title
}

// failureText is a check that failed.
func failureText(c report.VerifyCheck, o screen.Options, wide bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", painted(o, c.Name, checkup.Broken), c.Title)
	shown := c.Failures
	if !wide {
		shown = shown[:min(len(shown), shownFailures)]
	}
	for _, f := range shown {
		fmt.Fprintf(&b, "    %s\n", cell(f.String()))
	}
	if left := len(c.Failures) - len(shown); left > 0 {
		fmt.Fprintf(&b, "    and %d more, with -o wide\n", left)
	}
	for _, cause := range c.Causes {
		fmt.Fprintf(&b, "  likely cause: %s\n", cell(cause.String()))
		if cause.Hint != "" {
			fmt.Fprintf(&b, "    -> %s\n", cell(cause.Hint))
		}
	}
	if len(c.Causes) == 0 {
		b.WriteString("  no known cause was found; -o wide has what hosts and pods show\n")
	}
	for _, line := range slices.Clip(c.Evidence) {
		if wide {
			fmt.Fprintf(&b, "    | %s\n", cell(line))
		}
	}
	return b.String()
}
