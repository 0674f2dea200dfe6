package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/report"
	"kbootstrap/screen"
)

func TestVerifyError(t *testing.T) {
	left := fault.VerifyLeft.Wrap(errors.New("it does not go"))
	for _, c := range []struct {
		failed, unknown int
		ended           error
		code            int
		fault           fault.Code
	}{
		{0, 0, nil, exitOK, ""},
		{2, 1, nil, exitUnhealthy, fault.VerifyFailed},
		{0, 1, nil, exitPartial, fault.VerifyIncomplete},
		{0, 0, left, exitFailure, fault.VerifyLeft},
		{1, 0, left, exitUnhealthy, fault.VerifyFailed},
		{1, 1, context.Canceled, exitInterrupted, ""},
	} {
		err := verifyError(report.Verify{Count: map[string]int{"fail": c.failed, "unknown": c.unknown}}, c.ended)
		if exitCode(err) != c.code {
			t.Errorf("%+v: exit code %d", c, exitCode(err))
		}
		if c.fault != "" && !c.fault.Is(err) || c.ended != nil && !errors.Is(err, c.ended) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestVerifyText: each check has a line, and one that fails its hosts, its cause and what to do;
// all of what was seen is in the wide form.
func TestVerifyText(t *testing.T) {
	failing := report.VerifyCheck{
		Name: "pods", Title: "pods reach pods", Result: "fail", Evidence: []string{"w1: routes: none"},
		Causes: []report.VerifyCause{{Host: "w1", Text: "no way", Hint: "make one"}},
	}
	for range shownFailures + 1 {
		failing.Failures = append(failing.Failures, report.VerifyFailure{Host: "w1", Text: "silent"})
	}
	v := report.Verify{Count: map[string]int{"fail": 1, "pass": 1, "skipped": 1}, DurationMs: 1200,
		Checks: []report.VerifyCheck{
			{Name: "nodes", Title: "nodes are ready", Result: "pass", Text: "3 nodes"}, failing,
			{Name: "policy", Title: "policies hold", Result: "skipped", Text: "not on"},
		}}
	short, wide := verifyText("demo", v, screen.Options{}, false), verifyText("demo", v, screen.Options{}, true)
	for _, text := range []string{
		"demo: 1 fail, 1 pass, 1 skipped in 1.2 s", "nodes are ready (3 nodes)", "policies hold (not on)", "w1: silent",
		"and 1 more", "likely cause: w1: no way", "-> make one",
	} {
		if !strings.Contains(short, text) {
			t.Errorf("no %q in\n%s", text, short)
		}
	}
	if strings.Contains(short, "routes") || !strings.Contains(wide, "w1: routes: none") ||
		strings.Contains(wide, "1 more") {
		t.Errorf("wide:\n%s", wide)
	}
}

func TestVerifyUsage(t *testing.T) {
	var out, errs strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	if code := a.run(t.Context(), []string{"verify", "--only", "podz"}); code != exitUsage ||
		!strings.Contains(errs.String(), "the checks are api, nodes,") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
