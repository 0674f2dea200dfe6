package report

import (
	"encoding/xml"
	"io"
	"strings"
)

// junitSuites is the form of results that build servers read.
// https://github.com/testmoapp/junitxml
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    float64       `xml:"time,attr,omitempty"` // seconds
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the audit for build servers: a suite for each section of the benchmark, a
// case for each check. A check that could not look is an error, and what a person has to look at
// is skipped.
func (a Audit) WriteJUnit(w io.Writer, cluster string) error {
	var all junitSuites
	at := map[string]int{}
	for _, c := range a.Checks {
		section, _, _ := strings.Cut(c.ID, ".")
		i, ok := at[section]
		if !ok {
			i = len(all.Suites)
			at[section] = i
			all.Suites = append(all.Suites, junitSuite{Name: cluster + " " + section})
		}
		s := &all.Suites[i]
		found := junitCase{Name: c.ID + " " + c.Title, Class: cluster + "." + a.Profile}
		message := &junitMessage{Message: c.Evidence(), Text: c.Remedy}
		switch c.Result {
		case "fail":
			found.Failure = message
			s.Failures++
		case "unknown":
			found.Error = message
			s.Errors++
		case "pass":
			found.Out = c.Evidence()
		default:
			message.Message = c.Result + ": " + message.Message
			found.Skipped = message
			s.Skipped++
		}
		s.Tests++
		s.Cases = append(s.Cases, found)
	}
	return all.write(w)
}

// write writes the document.
func (s junitSuites) write(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
