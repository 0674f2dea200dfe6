package report

import (
	"io"
	"time"

	"kbootstrap/provision/verify"
)

// Verify is the result of trying a cluster.
type Verify struct {
	// Whether no check failed, and none could not be tried.
	OK bool `json:"ok"`
	// How many checks came to each result.
	Count map[string]int `json:"count"`
	// How long all of it took, in milliseconds, with what comes before the first check and after
	// the last.
	DurationMs int64 `json:"durationMs"`
	// The checks, in the order of the table.
	Checks []VerifyCheck `json:"checks"`
}

// VerifyCheck is one check of a cluster.
type VerifyCheck struct {
	// What --only takes, such as pods.
	Name string `json:"name"`
	// What must be so.
	Title string `json:"title"`
	// pass, fail, skipped if this cluster does not have what the check is about, or unknown if it
	// could not be tried.
	Result string `json:"result"`
	// How long the check took, in milliseconds.
	DurationMs int64 `json:"durationMs"`
	// What was seen of a check that passed, or why it was skipped or not tried.
	Text string `json:"text,omitempty"`
	// What failed.
	Failures []VerifyFailure `json:"failures,omitempty"`
	// What probably makes the check fail; absent if no known cause was found.
	Causes []VerifyCause `json:"causes,omitempty"`
	// What hosts and pods showed after the check had failed: routes, interfaces, services that do
	// not run, rules that drop packets, events, log lines.
	Evidence []string `json:"evidence,omitempty"`
}

// VerifyFailure is one thing that does not work.
type VerifyFailure struct {
	// The host; absent if the failure is about the cluster.
	Host string `json:"host,omitempty"`
	// What does not work, and how that was seen.
	Text string `json:"text"`
}

// VerifyCause is what probably makes a check fail.
type VerifyCause struct {
	// The host; absent if the cause is about the cluster.
	Host string `json:"host,omitempty"`
	// What is wrong.
	Text string `json:"text"`
	// What to do.
	Hint string `json:"hint,omitempty"`
}

// NewVerify is the result of checks that took so long together.
func NewVerify(outcomes []verify.Outcome, took time.Duration) Verify {
	v := Verify{OK: true, Count: map[string]int{}, DurationMs: took.Milliseconds(), Checks: []VerifyCheck{}}
	for _, o := range outcomes {
		c := VerifyCheck{
			Name: o.Check.Name, Title: o.Check.Title, Result: string(o.Result), DurationMs: o.Took.Milliseconds(),
			Text: o.Text, Evidence: o.Evidence,
		}
		for _, f := range o.Failures {
			c.Failures = append(c.Failures, VerifyFailure{f.Host, f.Text})
		}
		for _, cause := range o.Causes {
			c.Causes = append(c.Causes, VerifyCause(cause))
		}
		v.Count[c.Result]++
		v.OK = v.OK && (o.Result == verify.Pass || o.Result == verify.Skipped)
		v.Checks = append(v.Checks, c)
	}
	return v
}

// About is a text with the host that it is about in front.
func about(host, text string) string {
	if host == "" {
		return text
	}
	return host + ": " + text
}

// String is the failure on one line.
func (f VerifyFailure) String() string { return about(f.Host, f.Text) }

// String is the cause on one line.
func (c VerifyCause) String() string { return about(c.Host, c.Text) }

// WriteJUnit writes the checks for build servers: one suite, a case for each check with its time. A
// check that could not be tried is an error.
func (v Verify) WriteJUnit(w io.Writer, cluster string) error {
	suite := junitSuite{Name: cluster + " verify"}
	for _, c := range v.Checks {
		found := junitCase{
			Name: c.Name + ": " + c.Title, Class: cluster + ".verify",
			Time: time.Duration(c.DurationMs * int64(time.Millisecond)).Seconds(),
		}
		switch verify.Result(c.Result) {
		case verify.Fail:
			found.Failure = &junitMessage{Message: joined(c.Failures), Text: c.explanation()}
			suite.Failures++
		case verify.Unknown:
			found.Error = &junitMessage{Message: c.Text}
			suite.Errors++
		case verify.Skipped:
			found.Skipped = &junitMessage{Message: c.Text}
			suite.Skipped++
		default:
			found.Out = c.Text
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, found)
	}
	return junitSuites{Suites: []junitSuite{suite}}.write(w)
}

// explanation is the causes of a failure, and the evidence.
func (c VerifyCheck) explanation() string {
	text := ""
	for _, cause := range c.Causes {
		text += "likely cause: " + cause.String() + "\n-> " + cause.Hint + "\n"
	}
	for _, line := range c.Evidence {
		text += line + "\n"
	}
	return text
}

// joined are failures, a line each.
func joined(failures []VerifyFailure) string {
	text := ""
	for i, f := range failures {
		if i > 0 {
			text += "\n"
		}
		text += f.String()
	}
	return text
}
