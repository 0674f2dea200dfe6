package provision

import (
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestObserveAsksWhoRuns: a service that is down says nothing of others, and a run does not ask
// what it alone would answer.
func TestObserveAsksWhoRuns(t *testing.T) {
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	answers := func(name, unit string) resource.Resource {
		return resource.Ready{Name: name, URL: "tcp://" + l.Addr().String(), Unit: unit}
	}
	wanted := func(name, _ string) []resource.Resource {
		switch name {
		case "etcd", "docker":
			return fixture.ListOf(
				resource.Service{Name: name + ".service", Enabled: true, Running: true},
				answers(name+" answers", name+".service"),
			)
		case "kubelet":
			return fixture.ListOf(
				answers("the API can be reached", ""),
				resource.Service{Name: "kubelet.service", Enabled: true, Running: true},
			)
		case "joined":
			return fixture.ListOf(api.NodeStatus{Name: "m1", Is: api.IsReady, Kubeconfig: component.KubeletConfig})
		}
		return fixture.ListOf(answers("DNS answers", ""))
	}
	components := []component.Component{
		{Name: "etcd"}, {Name: "docker"}, {Name: "kubelet"}, {Name: "joined"}, {Name: "health"},
	}

	ignore := cmpopts.IgnoreUnexported(ComponentStatus{})
	sick := runOf(t, wanted, []*fakeHost{newHost(t, "m1", "etcd.service")}, components...)
	got := sick.Status().Hosts[0].Components
	want := []ComponentStatus{
		{Name: "etcd", Healthy: true},
		{Name: "docker", Problem: "service docker.service is not running", Changed: true},
		// What it waits for is not known, and that it does not run itself is.
		{Name: "kubelet", Problem: "service kubelet.service is not running", Changed: true},
		{Name: "joined", Problem: "not known while docker.service does not run", Unknown: true, Changed: true},
		{Name: "health", Problem: "not known while docker.service does not run", Unknown: true, Changed: true},
	}
	if d := cmp.Diff(want, got, ignore); d != "" {
		t.Errorf("docker is down:\n%s", d)
	}

	well := runOf(
		t, wanted, []*fakeHost{newHost(t, "m1", "etcd.service", "docker.service", "kubelet.service")}, components...)
	got = well.Status().Hosts[0].Components
	want[1], want[4] = ComponentStatus{Name: "docker", Healthy: true}, ComponentStatus{Name: "health", Healthy: true}
	want[2] = ComponentStatus{Name: "kubelet", Healthy: true}
	want[3].Problem, want[3].Unknown = "node m1 is not ready", false
	if d := cmp.Diff(want, got, ignore); d != "" {
		t.Errorf("all run:\n%s", d)
	}
}

// TestStatus: hosts that could not be asked are told with the reason next to those that were, in
// the inventory's order.
func TestStatus(t *testing.T) {
	h := newHost(t, "m1")
	pair := fixture.Issue(t, fixture.Parse(t, fixture.Small)).Files(
		inventory.Host{Name: "cp1", Roles: []inventory.Role{inventory.Etcd}}, "etcd",
	)
	var files []resource.Resource
	for _, f := range pair {
		of := file(f.Path, string(f.Content))
		of.Secret = f.Secret
		files = append(files, of)
	}
	r := runOf(
		t, func(string, string) []resource.Resource { return files }, []*fakeHost{h}, component.Component{Name: "etcd"},
	)
	if _, err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Scope.Tolerance, r.hosts = Tolerance{Percent: 100}, r.Cluster.Hosts
	r.Fleet["m1"].Facts.Units = []string{"etcd.service"} // there is a cluster
	r.Cluster.Hosts = append([]inventory.Host{{Name: "m0"}}, r.Cluster.Hosts...)
	r.Unreached = map[string]error{"m0": errors.New("m0: dial 192.0.2.1:22: no route to host")}
	if err := ObserveAndCheckUp(t.Context(), r); err != nil {
		t.Fatal(err)
	}

	status := r.Status()
	want := Status{Cluster: "test", Hosts: []HostStatus{
		{Name: "m0", Error: "m0: dial 192.0.2.1:22: no route to host"},
		{Name: "m1", Reached: true, Components: []ComponentStatus{{Name: "etcd", Healthy: true}}},
	}}
	ignore := []cmp.Option{
		cmpopts.IgnoreFields(HostStatus{}, "Address", "Certificates"), cmpopts.IgnoreUnexported(ComponentStatus{}),
		cmpopts.IgnoreFields(Status{}, "Summary", "Problems"),
	}
	if d := cmp.Diff(want, status, ignore...); d != "" {
		t.Error(d)
	}
	if status.Hosts[0].Healthy() || !status.Hosts[1].Healthy() {
		t.Error("the health of the hosts is not that")
	}
	var paths []string
	for _, c := range status.Hosts[1].Certificates {
		paths = append(paths, c.Path)
	}
	wantPaths := []string{
		"/etc/etcd/pki/ca.crt", "/etc/etcd/pki/healthcheck-client.crt", "/etc/etcd/pki/server.crt",
	}
	if d := cmp.Diff(wantPaths, paths); d != "" {
		t.Errorf("certificates:\n%s", d)
	}
	if len(status.Problems) != 1 || !status.Problems[0].Unreached || status.Sick() {
		t.Errorf("problems %+v", status.Problems)
	}

	// What is no certificate any more is a problem of the host, and not of the command.
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("broken")})
	if err := os.WriteFile(filepath.Join(h.root, "/etc/etcd/pki/server.crt"), broken, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ObserveAndCheckUp(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if status := r.Status(); !status.Sick() || status.Hosts[1].Error == "" {
		t.Errorf("got %+v", status.Hosts[1])
	}
}

// TestStatusOfAnAbsence: that a host has nothing of a component is told only where it still has
// something.
func TestStatusOfAnAbsence(t *testing.T) {
	h := newHost(t, "m1")
	absent := resource.File{Path: "/old", Absent: true}
	r := runOf(t, func(string, string) []resource.Resource { return []resource.Resource{absent} }, []*fakeHost{h},
		component.Component{Name: "no-old", Absence: true})
	for _, left := range []bool{false, true} {
		if left {
			if err := os.WriteFile(filepath.Join(h.root, absent.Path), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := ObserveAndCheckUp(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if told := r.Status().Hosts[0].Components; (len(told) == 1) != left {
			t.Errorf("the file is there: %t, and the status tells %+v", left, told)
		}
	}
}

// TestStatusOfAHostThatCannotBeRead: one host of which something cannot be read is told next to the
// others.
func TestStatusOfAHostThatCannotBeRead(t *testing.T) {
	hosts := []*fakeHost{newHost(t, "m1"), newHost(t, "m2")}
	wanted := func(string, string) []resource.Resource { return fixture.ListOf(file("/etc/a", "x")) }
	r := runOf(t, wanted, hosts, component.Component{Name: "a"})
	r.Scope.Tolerance, r.Unreached, r.hosts = Tolerance{Percent: 100}, map[string]error{}, r.Cluster.Hosts
	if err := os.MkdirAll(filepath.Join(hosts[1].root, "etc", "a"), 0o755); err != nil { // where a file must be
		t.Fatal(err)
	}
	if err := Observe(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	status := r.Status()
	if m := status.Hosts[0]; m.Error != "" || len(m.Components) != 1 {
		t.Errorf("got %+v", m)
	}
	if m := status.Hosts[1]; !m.Reached || !strings.HasPrefix(m.Error, "m2: observe: file /etc/a: ") || status.Healthy {
		t.Errorf("got %+v", m)
	}

	// Who changes hosts does not go on without it, unless it is told to.
	for spare, want := range map[int]bool{0: false, 1: true} {
		r := runOf(t, func(string, string) []resource.Resource { return nil }, hosts, component.Component{Name: "a"})
		for i := range r.Plan.Steps {
			r.Plan.Steps[i].Wanted = wanted("", "")
		}
		r.Scope.Tolerance, r.Unreached, r.hosts = Tolerance{Hosts: spare}, map[string]error{}, r.Cluster.Hosts
		err := Observe(t.Context(), r)
		if (err == nil) != want {
			t.Errorf("%d may fail: %v", spare, err)
		}
		if want && len(r.Plan.Hosts()) != 1 {
			t.Errorf("the plan is for %v", r.Plan.Hosts())
		}
	}
}
