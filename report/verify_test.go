package report

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"kbootstrap/provision/verify"
)

func outcomesOfAll() []verify.Outcome {
	of := func(name string, result verify.Result) verify.Outcome {
		return verify.Outcome{
			Check: verify.Check{Name: name, Title: "it <works>"}, Result: result, Took: 1500 * time.Millisecond,
		}
	}
	fails := of("pods", verify.Fail)
	fails.Failures = []verify.Failure{{Host: "w1", Text: "x & y"}, {Text: "all of it"}}
	fails.Causes = []verify.Cause{{Host: "w1", Text: "a rule", Hint: "take it away"}}
	fails.Evidence = []string{"w1: routes: none"}
	skipped := of("policy", verify.Skipped)
	skipped.Text = "not on"
	return []verify.Outcome{of("nodes", verify.Pass), fails, skipped, of("dns", verify.Unknown)}
}

func TestNewVerify(t *testing.T) {
	all := outcomesOfAll()
	v := NewVerify(all, 2*time.Second)
	if v.OK || v.Count["fail"] != 1 || v.DurationMs != 2000 || v.Checks[1].Causes[0].String() != "w1: a rule" {
		t.Errorf("%+v", v)
	}
	if !NewVerify([]verify.Outcome{all[0], all[2]}, 0).OK {
		t.Error("what is skipped is no failure")
	}
}

func TestVerifyJUnit(t *testing.T) {
	var b strings.Builder
	if err := NewVerify(outcomesOfAll(), 0).WriteJUnit(&b, "demo"); err != nil {
		t.Fatal(err)
	}
	var read junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &read); err != nil || len(read.Suites) != 1 {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	s := read.Suites[0]
	if s.Tests != 4 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 1 || s.Cases[0].Time != 1.5 {
		t.Errorf("%+v", s)
	}
	failure := s.Cases[1].Failure
	if failure.Message != "w1: x & y\nall of it" || !strings.Contains(failure.Text, "likely cause: w1: a rule") ||
		!strings.Contains(failure.Text, "routes: none") || s.Cases[2].Skipped.Message != "not on" {
		t.Errorf("%+v", failure)
	}
}
