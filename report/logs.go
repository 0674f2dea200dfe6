package report

import "kbootstrap/provision"

// Logs is the result of logs: what services and pods wrote.
type Logs struct {
	// The lines, the oldest first.
	Lines []LogLine `json:"lines"`
}

// LogLine is a line that was written.
type LogLine struct {
	// When it was written, in UTC.
	Time Time `json:"time"`
	// The host, or the namespace and the pod.
	Of string `json:"of"`
	// The service of the host, or the container of the pod.
	By string `json:"by"`
	// What was written.
	Text string `json:"text"`
}

// NewLogs tells the lines.
func NewLogs(lines []provision.LogLine) Logs {
	l := Logs{Lines: []LogLine{}}
	for _, each := range lines {
		l.Lines = append(l.Lines, LogLine{Time: Time{each.Time}, Of: each.Of, By: each.By, Text: each.Text})
	}
	return l
}
