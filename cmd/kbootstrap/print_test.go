package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/checkup"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/report"
	"kbootstrap/resource"
	"kbootstrap/screen"
)

// twoHosts is a cluster of a control plane and a worker.
func twoHosts() *inventory.Cluster {
	return &inventory.Cluster{Name: "demo", File: "hosts.yaml", Hosts: []inventory.Host{
		{Name: "cp1", Address: netip.MustParseAddr("192.168.56.11"),
			Roles: []inventory.Role{inventory.Etcd, inventory.ControlPlane}},
		{Name: "w1", Address: netip.MustParseAddr("192.168.56.21"), Roles: []inventory.Role{inventory.Worker}},
	}}
}

// observed is a plan with something of each kind of difference on the first host and none on the
// second.
func observed(c *inventory.Cluster) plan.Plan {
	file := func(path, content string) resource.File { return resource.File{Path: path, Content: []byte(content)} }
	key := func(content string) resource.File {
		return resource.File{Path: "/etc/etcd/pki/server.key", Mode: 0o600, Content: []byte(content), Secret: true}
	}
	absent := resource.File{Path: "/new", Absent: true}
	same := []resource.Resource{file("/same", "x\n")}
	return plan.Plan{Steps: []plan.Step{
		{
			Component: component.Component{Name: "base"}, Target: component.Target{Cluster: c, Host: c.Hosts[0]},
			Wanted: []resource.Resource{file("/new", "a\nb\n"),
				resource.Service{Name: "firewalld.service"}, file("/same", "x\n")},
			Found: []resource.Resource{absent,
				resource.Service{Name: "firewalld.service", Enabled: true, Running: true}, file("/same", "x\n")},
		},
		{
			Component: component.Component{Name: "base"}, Target: component.Target{Cluster: c, Host: c.Hosts[1]},
			Wanted: same, Found: same,
		},
		{
			Component: component.Component{Name: "etcd"}, Target: component.Target{Cluster: c, Host: c.Hosts[0]},
			Wanted: []resource.Resource{
				file("/etc/systemd/system/etcd.service", "[Service]\nExecStart=/etcd \\\n  --a=1 \\\n  --b=2\n"),
				key("new secret"),
				resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "2222222222222222"},
			},
			Found: []resource.Resource{
				file("/etc/systemd/system/etcd.service", "[Service]\nExecStart=/etcd \\\n  --a=0 \\\n  --b=2\n"),
				key("old secret"),
				resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "1111111111111111"},
			},
		},
	}}
}

func TestPlanText(t *testing.T) {
	c := twoHosts()
	text := planText(report.NewPlan(&provision.Run{Cluster: c, Plan: observed(c)}))
	golden.File(t, "testdata/plan.golden", text)
	if strings.Contains(text, "secret") {
		t.Error("the plan shows a secret")
	}
	if again := planText(report.NewPlan(&provision.Run{Cluster: c, Plan: observed(c)})); again != text {
		t.Error("the text is another the next time")
	}
	plan := observed(c)
	for i := range plan.Steps {
		plan.Steps[i].Found = plan.Steps[i].Wanted
	}
	got := planText(report.NewPlan(&provision.Run{Cluster: c, Plan: plan}))
	if got != "nothing to do: 2 hosts are as wanted\n" {
		t.Errorf("got %q", got)
	}
}

// TestPlanRemarks: what up refuses, what is odd and who could not be asked stand above the plan.
func TestPlanRemarks(t *testing.T) {
	c := twoHosts()
	run := &provision.Run{
		Cluster: c, Plan: observed(c).Without("w1"), Warnings: []string{"w1: it is another machine"},
		Refusals: guard.Refusals{{Code: fault.HostGone, Host: "w2",
			Text: "it is a node of the cluster", Advice: "put it back"}},
		Unreached: map[string]error{"w1": plan.Failure{Host: "w1", Component: "connect",
			Err: errors.New("no route to host")}},
	}
	if err := refusedPlan(report.NewPlan(run)); exitCode(err) != exitRefused || fault.Of(err) != fault.PlanRefused {
		t.Errorf("got %v", err)
	}
	if err := refusedPlan(report.Plan{}); err != nil {
		t.Errorf("nothing is refused: %v", err)
	}
	golden.File(t, "testdata/remarks.golden", planText(report.NewPlan(run))+"--- as drift\n"+
		driftText(report.NewDrift(run)))
}

// TestDriftError: not to know counts for more than to differ.
func TestDriftError(t *testing.T) {
	away := plan.Failures{failure("w1", errors.New("no route to host"))}
	for _, test := range []struct {
		differs bool
		away    plan.Failures
		want    int
	}{{false, nil, exitOK}, {true, nil, exitChanges}, {false, away, exitPartial}, {true, away, exitPartial}} {
		err := driftError(report.Drift{Differs: test.differs}, test.away)
		if code := exitOK; err != nil {
			code = exitCode(err)
			if code != test.want {
				t.Errorf("%+v: %d", test, code)
			}
		} else if code != test.want {
			t.Errorf("%+v: no error", test)
		}
	}
}

func TestPrintSummary(t *testing.T) {
	c := twoHosts()
	run := &provision.Run{Cluster: c, Plan: observed(c)}
	var out strings.Builder
	a := &app{stdout: &out}
	a.printSummary(run, provision.Summary{
		Changed: map[string]int{"cp1": 12}, Bytes: map[string]int64{"cp1": 123_456_789}, Took: 61234 * time.Millisecond,
	}, ".kbootstrap/demo/admin.kubeconfig")
	out.WriteString("--- without a kubeconfig\n")
	a.printSummary(run, provision.Summary{Changed: map[string]int{"w1": 1}, Took: time.Second}, "")
	out.WriteString("--- nothing to do\n")
	a.printSummary(run, provision.Summary{}, ".kbootstrap/demo/admin.kubeconfig")
	golden.File(t, "testdata/summary.golden", out.String())
}

func TestPrintStatus(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	status := provision.Status{Cluster: "demo", Hosts: []provision.HostStatus{
		{Name: "cp1", Address: "192.168.56.11", Components: []provision.ComponentStatus{
			{Name: "base", Healthy: true},
			{Name: "etcd", Problem: "service etcd.service is not running", Changed: true},
			{Name: "kubelet", Healthy: true, Changed: true},
		}, Certificates: []provision.Certificate{
			{Path: "/etc/kubernetes/pki/ca.crt", Expires: now.AddDate(10, 0, 0)},
			{Path: "/etc/kubernetes/pki/apiserver.crt", Expires: now.AddDate(0, 0, 20)},
		}},
		{Name: "w1", Address: "192.168.56.21", Error: "w1: dial 192.168.56.21:22: no route\nto host"},
		{Name: "w2", Address: "192.168.56.22", Reached: true,
			Error: "w2: observe: file /etc/a: is not a regular file but d"},
	}, Refused: []string{"w3: it is a node of the cluster, and hosts.yaml does not have it"},
		Warnings: []string{"w4: it is another machine"},
		Summary: []checkup.Area{
			{Name: checkup.Nodes, Level: checkup.Broken, Text: "2 of 3 Ready"},
			{Name: checkup.Certificates, Level: checkup.Warning, Text: "the first of 9 ends in 20 days"},
			{Name: checkup.Clocks, Level: checkup.OK, Text: "4 within 1s of each other"},
		},
		Problems: []checkup.Problem{
			{Level: checkup.Broken, Host: "cp1", Text: "etcd: service etcd.service is not running",
				Hint: "journalctl -u etcd"},
			{Level: checkup.Broken, Host: "w1", Text: "not reached: no route", Unreached: true},
			{Level: checkup.Warning, Text: "a certificate ends in 20 days", Hint: "`kbootstrap up` renews it"},
			{Level: checkup.Note, Host: "w2", Text: "the node is cordoned"},
		}}
	text := statusText(status, screen.Options{}, 120) + "--- on a small terminal\n" +
		matrix(status, screen.Options{}, 12) + "--- -o wide\n" + wideText(status, now)
	golden.File(t, "testdata/status.golden", text)
}

// TestManyHosts: of many hosts the table has those on which something is the matter.
func TestManyHosts(t *testing.T) {
	var status provision.Status
	for i := range manyHosts + 10 {
		status.Hosts = append(status.Hosts, provision.HostStatus{
			Name: fmt.Sprintf("h%d", i), Reached: true,
			Components: []provision.ComponentStatus{{Name: "kubelet", Healthy: i != 7, Changed: i == 9}},
		})
	}
	want := "HOST kubelet\nh7   !!\nh9   ~\nand 48 hosts on which every component is ok\n"
	if got := matrix(status, screen.Options{}, 120); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestStatusError: warnings are no failure, and a host that was not reached is another one than
// something that is broken.
func TestStatusError(t *testing.T) {
	away := checkup.Problem{Level: checkup.Broken, Unreached: true}
	for _, test := range []struct {
		problems []checkup.Problem
		want     int
	}{
		{nil, exitOK},
		{[]checkup.Problem{{Level: checkup.Warning}, {Level: checkup.Note}}, exitOK},
		{[]checkup.Problem{away}, exitUnreachable},
		{[]checkup.Problem{away, {Level: checkup.Broken}}, exitUnhealthy},
	} {
		isBroken := func(p checkup.Problem) bool { return p.Level == checkup.Broken }
		healthy := !slices.ContainsFunc(test.problems, isBroken)
		code := exitCode(statusError(provision.Status{Healthy: healthy, Problems: test.problems}))
		if code != test.want {
			t.Errorf("%+v: %d, want %d", test.problems, code, test.want)
		}
	}
}

func TestConfirm(t *testing.T) {
	for _, test := range []struct {
		given, want string
	}{
		{"demo", ""},
		{"", "this removes demo from 3 hosts with all data: give --confirm demo"},
		{"Demo", "not confirmed: the cluster's name is demo, not Demo"},
		{"other", "not confirmed: the cluster's name is demo, not other"},
	} {
		var stderr strings.Builder
		// no terminal: what is typed there does not count
		a := &app{stdin: strings.NewReader("demo\n"), stderr: &stderr}
		_, err := a.mayConfirm("demo", test.given, removes("demo", 3))
		if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
			t.Errorf("%q: got %q, want %q", test.given, got, test.want)
		}
		if err != nil && exitCode(err) != exitUsage {
			t.Errorf("%q: code %d", test.given, exitCode(err))
		}
		if stderr.Len() > 0 {
			t.Errorf("%q: asked without a terminal: %q", test.given, stderr.String())
		}
	}
}

// TestHostileText: what a host says never gives orders to the terminal, wherever it is shown.
func TestHostileText(t *testing.T) {
	const evil, shown = "a\x1b]0;x\x07\u202eb\u009b2J\r", "a]0;xb2J"
	var out, errs strings.Builder
	a := &app{stdout: &out, stderr: &errs}
	if code := a.fail(failure("w1", errors.New(evil+"\nnext"))); code != exitFailure {
		t.Errorf("code %d", code)
	}
	status := provision.Status{Refused: []string{evil}, Warnings: []string{evil}, Hosts: []provision.HostStatus{
		{Name: "w1", Error: evil},
		{Name: "w2", Components: []provision.ComponentStatus{{Name: "etcd", Problem: evil + "\n\tnext"}}},
	}, Summary: []checkup.Area{{Text: evil}}, Problems: []checkup.Problem{{Text: evil, Hint: evil}}}
	out.WriteString(statusText(status, screen.Options{}, 120) + wideText(status, time.Now()))
	changes := []report.Change{{Host: "w1", Component: "base", Action: report.ActionChange, Resource: evil,
		Diff: "-" + evil + "\n+\tb\n"}}
	hosts := []report.PlannedHost{{Name: "w1"}}
	plan := report.Plan{Hosts: hosts, Changes: changes, Warnings: []string{evil},
		Unreached: []report.Error{{Message: evil}}}
	for name, text := range map[string]string{
		"error": errs.String(), "status": out.String(), "plan": planText(plan),
		"saved": savedText(report.SavedPlan{By: evil, Plan: plan}),
		"drift": driftText(report.Drift{Warnings: []string{evil},
			Hosts: []report.HostDrift{{Name: "w1", Changes: changes}}}),
		"addons": addonsText(report.AddOns{AddOns: []report.AddOn{{Name: "metrics", Problem: evil}}}),
	} {
		if strings.ContainsAny(text, "\x1b\x07\u202e\u009b\r") {
			t.Errorf("%s: orders to the terminal: %q", name, text)
		}
		if !strings.Contains(text, shown) {
			t.Errorf("%s: the text itself is missing: %q", name, text)
		}
	}
	if !strings.Contains(planText(plan), "+\tb\n") {
		t.Error("a tab of a file is gone")
	}
	person, program := newTerminal(t)
	terminal := (&app{stdin: program, stderr: program}).asker(nil)
	got := asked(func() (bool, error) { return terminal.Confirm(t.Context(), evil) })
	if text := seen(t, person, "[yes/no] "); text != shown+" [yes/no] " {
		t.Errorf("asked %q", text)
	}
	typed(t, person, "yes\n")
	if ok, err := got(); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}
