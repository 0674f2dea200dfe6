package report

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

const canary = "canary-of-a-key"

// planned is a run over a control plane with a change and a worker without, whose inventory lies in
// a directory.
func planned(t *testing.T, dir string) *provision.Run {
	t.Helper()
	text := []byte("cluster: demo\nkubernetes: v1.36.3\nhosts:\n" +
		"  - {name: cp1, address: 192.168.56.11, roles: [etcd, control-plane]}\n" +
		"  - {name: w1, address: 192.168.56.21, roles: [worker]}\n")
	path := filepath.Join(dir, "hosts.yaml")
	if _, err := os.Stat(path); err != nil {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := inventory.Parse(path, text, component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	file := func(path, content string) resource.Resource {
		return resource.File{Path: path, Content: []byte(content)}
	}
	key := func(content string) resource.Resource {
		return resource.File{Path: "/etc/etcd/pki/server.key", Content: []byte(content), Secret: true}
	}
	answers := func(absent bool) resource.Resource {
		return resource.Ready{Name: "etcd has a quorum", URL: "https://127.0.0.1:2379/health", Absent: absent}
	}
	service := func(config string) resource.Resource {
		return resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: config}
	}
	at := func(i int) component.Target { return component.Target{Cluster: c, Host: c.Hosts[i]} }
	return &provision.Run{
		Cluster: c, Unreached: map[string]error{},
		Fleet: fleet.Fleet{
			"cp1": {Facts: host.Facts{MachineID: "one", ProductUUID: "ONE"}},
			"w1":  {Facts: host.Facts{MachineID: "two"}},
		},
		Plan: plan.Plan{Steps: []plan.Step{
			{
				Component: component.Component{Name: "base"}, Target: at(0),
				Wanted: []resource.Resource{file("/etc/a", "a\n")}, Found: []resource.Resource{file("/etc/a", "a\n")},
			},
			{
				Component: component.Component{Name: "base"}, Target: at(1),
				Wanted: []resource.Resource{file("/etc/a", "a\n")}, Found: []resource.Resource{file("/etc/a", "a\n")},
			},
			{
				Component: component.Component{Name: "etcd"}, Target: at(0),
				Wanted: []resource.Resource{key(canary + " new"), service("2222"), answers(false)},
				Found:  []resource.Resource{key(canary + " old"), service("1111"), answers(true)},
			},
		}},
	}
}

// step is the step of a component on a host.
func step(t *testing.T, run *provision.Run, component, host string) *plan.Step {
	t.Helper()
	i := slices.IndexFunc(run.Plan.Steps, func(s plan.Step) bool {
		return s.Component.Name == component && s.About() == host
	})
	if i < 0 {
		t.Fatalf("no %s on %s", component, host)
	}
	return &run.Plan.Steps[i]
}

// save makes a plan of the run, and reads it again.
func save(t *testing.T, run *provision.Run, path string) SavedPlan {
	t.Helper()
	saved, err := NewSavedPlan(run, "v1.2.3", time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if err := saved.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := ReadPlan(path, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(saved, again, cmp.Comparer(func(a, b Time) bool { return a.Equal(b.Time) })); d != "" {
		t.Errorf("what is read is not what was saved:\n%s", d)
	}
	return again
}

func TestSavedPlan(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "demo.plan")
	saved := save(t, planned(t, dir), path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), canary) {
		t.Errorf("the file has a secret:\n%s", text)
	}
	if saved.Cluster != "demo" || saved.Inventory != filepath.Join(dir, "hosts.yaml") ||
		len(saved.InventorySHA256) != 64 || saved.By == "" {
		t.Errorf("it is for %+v", saved)
	}
	want := []PlannedHost{
		{Name: "cp1", Address: "192.168.56.11", MachineID: "one", ProductUUID: "ONE"},
		{Name: "w1", Address: "192.168.56.21", MachineID: "two"},
	}
	if d := cmp.Diff(want, saved.Plan.Hosts); d != "" {
		t.Errorf("hosts:\n%s", d)
	}
	var resources []string
	for _, r := range saved.Resources {
		changes := ""
		if r.Found != "" {
			changes = " changes"
		}
		resources = append(resources, r.Host+" "+r.Component+" "+r.Resource+changes)
	}
	wantResources := []string{
		"cp1 base file /etc/a", "w1 base file /etc/a", "cp1 etcd file /etc/etcd/pki/server.key changes",
		"cp1 etcd service etcd.service changes",
	}
	if d := cmp.Diff(wantResources, resources); d != "" {
		t.Errorf("resources:\n%s", d)
	}
	if err := saved.Check(planned(t, dir), path); err != nil {
		t.Errorf("nothing has changed: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("next to the inventory and the plan: %v, %v", entries, err)
	}
}

// TestCheck: what has changed since a plan was made is named, by host and resource, with the diff;
// what has become as it is wanted is no difference.
func TestCheck(t *testing.T) {
	edit := func(path, content string) resource.Resource {
		return resource.File{Path: path, Content: []byte(content)}
	}
	for _, test := range []struct {
		what   string
		change func(*testing.T, *provision.Run)
		want   []string // parts of the error; none when there is none
	}{
		{"nothing", func(*testing.T, *provision.Run) {}, nil},
		{"a service answers now", func(t *testing.T, r *provision.Run) {
			s := step(t, r, "etcd", "cp1")
			s.Found[2] = s.Wanted[2]
		}, nil},
		{"a part is done already", func(t *testing.T, r *provision.Run) {
			s := step(t, r, "etcd", "cp1")
			s.Found[0] = s.Wanted[0]
		}, nil},
		{"all is done already", func(t *testing.T, r *provision.Run) {
			s := step(t, r, "etcd", "cp1")
			s.Found = s.Wanted
		}, nil},
		{"a file was edited", func(t *testing.T, r *provision.Run) {
			step(t, r, "base", "w1").Found = []resource.Resource{edit("/etc/a", "by hand\n")}
		}, []string{
			"w1: base: file /etc/a: this resource was as wanted when the plan was made, and has changed since\n",
			"-| by hand\n", "+| a",
		}},
		{"a process was started with something else", func(t *testing.T, r *provision.Run) {
			step(t, r, "etcd", "cp1").Found[1] = resource.Service{
				Name: "etcd.service", Enabled: true, Running: true, Config: "3333",
			}
		}, []string{
			"cp1: etcd: service etcd.service: this resource has changed since the plan was made\n", "-config 3333",
		}},
		{"the inventory says something else", func(t *testing.T, r *provision.Run) {
			step(t, r, "base", "w1").Wanted = []resource.Resource{edit("/etc/a", "b\n")}
			text, err := os.ReadFile(r.Cluster.File)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(r.Cluster.File, append(text, "# edited\n"...), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"hosts.yaml has changed since the plan was made\n",
			"w1: base: file /etc/a: the state that is wanted now is not the one in the plan",
		}},
		{"a comment of the inventory alone", func(t *testing.T, r *provision.Run) {
			if err := os.WriteFile(r.Cluster.File, []byte("# another\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"something more is wanted", func(t *testing.T, r *provision.Run) {
			s := step(t, r, "base", "w1")
			s.Wanted = append(s.Wanted, edit("/etc/b", "b\n"))
			s.Found = append(s.Found, resource.File{Path: "/etc/b", Absent: true})
		}, []string{"w1: base: file /etc/b: this resource is wanted now but was not in the plan\n", "+| b"}},
		{"something is not wanted", func(t *testing.T, r *provision.Run) {
			s := step(t, r, "base", "w1")
			s.Wanted, s.Found = nil, nil
		}, []string{"w1: base: file /etc/a: this resource is no longer wanted"}},
		{"another machine", func(_ *testing.T, r *provision.Run) { r.Fleet["w1"].Facts.MachineID = "three" },
			[]string{"w1: this is another machine: its machine-id was two and is now three"}},
		{
			"another firmware", func(_ *testing.T, r *provision.Run) { r.Fleet["cp1"].Facts.ProductUUID = "TWO" },
			[]string{"cp1: this is another machine"},
		},
		{"a host that is left out", func(_ *testing.T, r *provision.Run) {
			r.Unreached["w1"] = errors.New("no route to host")
			r.Plan = r.Plan.Without("w1")
		}, nil},
		{"a host that is no more", func(_ *testing.T, r *provision.Run) { r.Plan = r.Plan.Without("w1") },
			[]string{
				"w1: this host is no longer in the plan\n", "w1: base: file /etc/a: this resource is no longer wanted",
			}},
	} {
		dir := t.TempDir()
		saved := save(t, planned(t, dir), filepath.Join(dir, "demo.plan"))
		run := planned(t, dir)
		test.change(t, run)
		err := saved.Check(run, "demo.plan")
		if (err == nil) != (test.want == nil) || err != nil && fault.Of(err) != fault.PlanStale {
			t.Errorf("%s: got %v", test.what, err)
			continue
		}
		for _, part := range test.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in\n%v", test.what, part, err)
			}
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: a secret is in\n%v", test.what, err)
		}
	}
}

// TestForgedDiff: a plan does not show another difference than the one it stands for.
func TestForgedDiff(t *testing.T) {
	dir := t.TempDir()
	saved := save(t, planned(t, dir), filepath.Join(dir, "demo.plan"))
	for i := range saved.Plan.Changes {
		saved.Plan.Changes[i].Diff = ""
	}
	err := saved.Check(planned(t, dir), "demo.plan")
	if err == nil || !strings.Contains(err.Error(), "the plan does not show this difference") {
		t.Errorf("got %v", err)
	}
}

// TestReadPlan: what is no plan of this version is refused, with a code, and nothing of it is used.
func TestReadPlan(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "demo.plan")
	save(t, planned(t, dir), path)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what, old, with string
		want            fault.Code
	}{
		{"cut off", string(good[len(good)/2:]), "", fault.PlanUnread},
		{"another document", `"SavedPlan"`, `"Plan"`, fault.PlanUnread},
		{"another format", `"kbootstrap/v1"`, `"kbootstrap/v2"`, fault.PlanOfOtherVersion},
		{"another version", `"v1.2.3"`, `"v1.2.4"`, fault.PlanOfOtherVersion},
		{"a field that is not known", `"cluster"`, `"force": true, "cluster"`, fault.PlanUnread},
		{"no JSON", string(good), "demo", fault.PlanUnread},
	} {
		text := strings.Replace(string(good), test.old, test.with, 1)
		if text == string(good) {
			t.Fatalf("%s: nothing was changed", test.what)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan(path, "v1.2.3"); fault.Of(err) != test.want || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", test.what, err)
		}
	}
	if _, err := ReadPlan(filepath.Join(dir, "none"), "v1.2.3"); fault.Of(err) != fault.PlanUnread {
		t.Errorf("no file: got %v", err)
	}
}

// TestPlanIsFor: a plan is for the file that it names, or for another with the same content.
func TestPlanIsFor(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	saved := save(t, planned(t, dir), filepath.Join(dir, "demo.plan"))
	planned(t, other)
	for _, name := range []string{filepath.Join(dir, "hosts.yaml"), filepath.Join(other, "hosts.yaml")} {
		if err := saved.Is(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	edited := filepath.Join(other, "hosts.yaml")
	if err := os.WriteFile(edited, []byte("cluster: other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := saved.Is(edited); fault.Of(err) != fault.PlanOfOtherInventory {
		t.Errorf("got %v", err)
	}
}

// TestDrift: files and processes that differ, by host; who answers is no part of it; who was not
// compared has the reason.
func TestDrift(t *testing.T) {
	dir := t.TempDir()
	run := planned(t, dir)
	run.Unreached["w1"] = plan.Failure{Host: "w1", Component: "connect", Err: errors.New("no route to host")}
	run.Plan = run.Plan.Without("w1")
	drift := NewDrift(run)
	if !drift.Differs || len(drift.Hosts) != 2 || drift.Hosts[1].Error == nil ||
		drift.Hosts[1].Error.Message != "w1: connect: no route to host" {
		t.Errorf("got %+v", drift)
	}
	var differ []string
	for _, c := range drift.Hosts[0].Changes {
		differ = append(differ, c.Component+": "+c.Action+" "+c.Resource)
	}
	if d := cmp.Diff(
		[]string{"etcd: change file /etc/etcd/pki/server.key", "etcd: change service etcd.service"}, differ,
	); d != "" {
		t.Error(d)
	}
	if !drift.Hosts[0].Changes[1].Restart {
		t.Error("a process with another configuration is not told")
	}
	text, err := json.Marshal(drift)
	if err != nil || strings.Contains(string(text), canary) {
		t.Errorf("%s, %v", text, err)
	}

	run = planned(t, dir)
	s := step(t, run, "etcd", "cp1")
	s.Found = append(s.Wanted[:2:2], s.Found[2]) // the service does not answer
	if drift := NewDrift(run); drift.Differs {
		t.Errorf("got %+v", drift)
	}
	run.Refusals = guard.Refusals{{Code: fault.HostGone, Host: "w2", Text: "it is gone"}}
	if drift := NewDrift(run); !drift.Differs || len(drift.Refused) != 1 || drift.Refused[0].Host != "w2" {
		t.Errorf("got %+v", drift)
	}
}
