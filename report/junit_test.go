package report

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestWriteJUnit(t *testing.T) {
	a := Audit{Profile: "cis", Checks: []AuditCheck{
		{ID: "1.1", Title: "a <tag>", Result: "fail", Remedy: "mend", Findings: []AuditFinding{{"cp1", "fail",
			"x & y"}}},
		{ID: "1.2", Title: "b", Result: "unknown"}, {ID: "1.3", Title: "c", Result: "pass"},
		{ID: "2.1", Title: "d", Result: "manual"},
	}}
	var b strings.Builder
	if err := a.WriteJUnit(&b, "demo"); err != nil {
		t.Fatal(err)
	}
	var read junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Suites) != 2 {
		t.Fatalf("%d suites", len(read.Suites))
	}
	if s := read.Suites[0]; s.Tests != 3 || s.Failures != 1 || s.Errors != 1 ||
		s.Cases[0].Failure.Message != "cp1: x & y" {
		t.Errorf("%+v", s)
	}
	if s := read.Suites[1]; s.Skipped != 1 {
		t.Errorf("%+v", s)
	}
}
