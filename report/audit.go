package report

import (
	"strings"

	"kbootstrap/provision/audit"
)

// Audit is the result of an audit.
type Audit struct {
	// The benchmark whose checks were made, besides the tool's own.
	Benchmark string `json:"benchmark"`
	// The profile that the cluster was judged by: default or cis.
	Profile string `json:"profile"`
	// Whether no check failed, and nothing that a check needed was out of reach.
	OK bool `json:"ok"`
	// How many checks came to each result.
	Count map[string]int `json:"count"`
	// The checks, in the order of the table.
	Checks []AuditCheck `json:"checks"`
}

// AuditCheck is one check of an audit.
type AuditCheck struct {
	// The number in the benchmark, such as 1.2.15, or the tool's own, such as KB.1.
	ID string `json:"id"`
	// What must be so.
	Title string `json:"title"`
	// Whether the benchmark scores the check, which it calls automated.
	Automated bool `json:"automated"`
	// Which profile asks for it: default is both, cis that one only; users means that it depends on
	// what users do with the cluster.
	Promise string `json:"promise"`
	// The worst of the findings: fail, unknown, manual, not-asked, pass or n/a.
	Result string `json:"result"`
	// What was found, on each host that the check is about, or once for the cluster.
	Findings []AuditFinding `json:"findings"`
	// What to do about a check that does not pass; absent if it does.
	Remedy string `json:"remedy,omitempty"`
	// What the check means in such a cluster.
	Note string `json:"note,omitempty"`
}

// AuditFinding is what an audit found on a host.
type AuditFinding struct {
	// The host; absent if the finding is about the cluster.
	Host string `json:"host,omitempty"`
	// fail, unknown, manual, not-asked, pass or n/a.
	Result string `json:"result"`
	// What was seen.
	Evidence string `json:"evidence"`
}

// NewAudit is the result of judging a cluster by a profile.
func NewAudit(profile string, outcomes []audit.Outcome) Audit {
	a := Audit{Benchmark: audit.Benchmark, Profile: profile, OK: true, Count: map[string]int{}, Checks: []AuditCheck{}}
	for _, o := range outcomes {
		c := AuditCheck{
			ID: o.Check.ID, Title: o.Check.Title, Automated: o.Check.Automated, Promise: string(o.Check.Promise),
			Result: string(o.Result), Findings: []AuditFinding{}, Note: o.Check.Note,
		}
		if o.Result != audit.Pass && o.Result != audit.NotApplicable {
			c.Remedy = o.Check.Remedy
		}
		for _, f := range o.Findings {
			c.Findings = append(c.Findings, AuditFinding{f.Host, string(f.Result), f.Evidence})
		}
		a.Count[c.Result]++
		a.OK = a.OK && o.Result != audit.Fail && o.Result != audit.Unknown
		a.Checks = append(a.Checks, c)
	}
	return a
}

// Evidence is what was found with the result of the check: the hosts, and what was seen.
func (c AuditCheck) Evidence() string {
	var lines []string
	hosts := map[string][]string{}
	for _, f := range c.Findings {
		if f.Result != c.Result {
			continue
		}
		if hosts[f.Evidence] == nil {
			lines = append(lines, f.Evidence)
		}
		hosts[f.Evidence] = append(hosts[f.Evidence], f.Host)
	}
	for i, line := range lines {
		if names := strings.Join(hosts[line], ", "); names != "" {
			lines[i] = names + ": " + line
		}
	}
	return strings.Join(lines, "\n")
}
