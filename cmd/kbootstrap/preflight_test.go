package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/remote"
	"kbootstrap/report"
)

// clones are findings of each level: two hosts that are one machine, a slow disk, and what is well.
func clones() []preflight.Finding {
	return []preflight.Finding{
		{ID: "Hostname", Level: preflight.OK, Hosts: []string{"cp1"}, Evidence: "cp1"},
		{ID: "UniqueMachineID", Level: preflight.Fail, Hosts: []string{"cp1", "w1"},
			Evidence: "cp1 and w1 have the machine-id 4acbf4",
			Hint:     "make new ones", Code: fault.PreflightIdentity},
		{ID: "NumCPU", Level: preflight.OK, Hosts: []string{"cp1"}, Evidence: "2"},
		{ID: "NumCPU", Level: preflight.OK, Hosts: []string{"w1"}, Evidence: "2"},
		{ID: "Mem", Level: preflight.Warn, Ignored: true, Hosts: []string{"cp1"},
			Evidence: "1024 MiB; a control plane needs 1700",
			Hint:     "give it more", Code: fault.PreflightCapacity},
		{ID: "DiskFsync", Level: preflight.Warn, Hosts: []string{"cp1"}, Evidence: "99 of 100 writes within 25.0 ms",
			Hint: "an SSD", Code: fault.PreflightCapacity},
	}
}

func TestPrintFindings(t *testing.T) {
	var out bytes.Buffer
	printFindings(&out, clones())
	golden.File(t, "testdata/preflight.golden", out.String())
}

// TestPreflightFails: up prints each check that failed with its code and hint, and last how to go
// on.
func TestPreflightFails(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr}
	err := fmt.Errorf("prepare: %w", &preflight.Error{Findings: clones()})
	if code := a.fail(err); code != exitPreflight {
		t.Errorf("exit %d", code)
	}
	want := "error[KB3010]: cp1, w1: UniqueMachineID: cp1 and w1 have the machine-id 4acbf4\n" +
		"  hint: make new ones\n" +
		"  explain: kbootstrap explain KB3010\n" +
		"error[KB3001]: prepare: preflight: 1 check failed on cp1, w1; nothing was changed\n" +
		"  hint: mend these; or go on in spite of them with --ignore-preflight=UniqueMachineID\n" +
		"  explain: kbootstrap explain KB3001\n"
	if stderr.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &stderr, want)
	}
	var codes []string
	for _, e := range report.Errors(err) {
		codes = append(codes, e.Code)
	}
	if strings.Join(codes, " ") != "KB3010 KB3001" {
		t.Errorf("in the document: %q", codes)
	}
}

// TestPreflightError: the exit code of preflight is that of a failed check; where none failed but a
// host could not be asked, that of such a host.
func TestPreflightError(t *testing.T) {
	lost := plan.Failure{Host: "w1", Component: "connect",
		Err: &remote.Error{Host: "w1", Op: "dial", Kind: remote.Unreachable, Err: errors.New("refused")}}
	cluster := &inventory.Cluster{Hosts: []inventory.Host{{Name: "cp1"}, {Name: "w1"}}}
	for _, c := range []struct {
		name     string
		findings []preflight.Finding
		lost     map[string]error
		code     int
		says     string
	}{
		{"all well", clones()[:1], nil, exitOK, ""},
		{"warnings alone", clones()[4:], nil, exitOK, ""},
		{"a check failed", clones(), nil, exitPreflight, "1 check failed"},
		{"a host is lost", clones()[:1], map[string]error{"w1": lost}, exitUnreachable, "w1: dial"},
		{"both", clones(), map[string]error{"w1": lost}, exitPreflight, "not all hosts could be asked"},
	} {
		err := preflightError(&provision.Run{Cluster: cluster, Findings: c.findings, Unreached: c.lost})
		if got := exitCode(err); got != c.code {
			t.Errorf("%s: exit %d, want %d", c.name, got, c.code)
		}
		if c.says == "" && err != nil || c.says != "" && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
