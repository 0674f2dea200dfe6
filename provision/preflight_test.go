package provision

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource"
)

// neighbours are three hosts whose nodes run in this process, each with an address of this
// machine's loopback as its own.
func neighbours(t *testing.T) (*Run, *reports) {
	t.Helper()
	c := fixture.Parse(t, fixture.Small+"  - {name: w2, address: 192.168.56.22, roles: [worker]}\n")
	pki, set := fixture.Issue(t, c), fixture.Resolve(t, c)
	told := &reports{}
	r := &Run{Cluster: c, Fleet: fleet.Fleet{}, options: fleet.Options{Report: told.take}}
	for i := range c.Hosts {
		h := &c.Hosts[i]
		h.Address = netip.AddrFrom4([4]byte{127, 0, 94, byte(i + 1)})
		m := newHost(t, h.Name).Machine
		m.Host = *h
		m.Facts = host.Facts{
			Hostname: h.Name, MachineID: strings.Repeat(h.Name, 10), CPUs: 2, Interfaces: []host.Interface{
				{Name: "eth1", Up: true, MTU: 1500, Addresses: []netip.Prefix{netip.PrefixFrom(h.Address, 24)}},
			},
		}
		r.Fleet[h.Name] = m
	}
	r.Plan = plan.Build(component.Components(), fixture.TargetsWith(c, pki, set))
	r.whole = r.Plan
	for i := range r.Plan.Steps { // bare hosts
		s := &r.Plan.Steps[i]
		s.Target.Facts = r.Fleet[s.About()].Facts
		for _, w := range s.Wanted {
			s.Found = append(s.Found, bare(w))
		}
	}
	return r, told
}

// bare is what a bare host has of a resource: nothing, where a kind can be absent.
func bare(wanted resource.Resource) resource.Resource {
	if service, ok := wanted.(resource.Service); ok {
		return service.Ended()
	}
	v := reflect.New(reflect.TypeOf(wanted)).Elem()
	v.Set(reflect.ValueOf(wanted))
	if field := v.FieldByName("Absent"); field.IsValid() {
		field.SetBool(true)
	}
	found, _ := v.Interface().(resource.Resource)
	return found
}

// checked looks around on the hosts and judges them.
func checked(t *testing.T, r *Run, judge Stage) error {
	t.Helper()
	queries := map[string]node.Query{}
	askSurveys(r, queries)
	answers, failed := r.Fleet.Look(t.Context(), r.Cluster.Hosts, queries)
	var err error
	if r.surveys, err = surveysOf(r, answers); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return judge(t.Context(), r)
}

// of are the findings of a check that have the level, as "hosts: evidence".
func of(findings []preflight.Finding, id string, level preflight.Level) []string {
	var texts []string
	for _, f := range findings {
		if f.ID == id && f.Level == level {
			texts = append(texts, strings.Join(f.Hosts, ",")+": "+f.Evidence)
		}
	}
	return texts
}

// TestMesh: hosts that can reach each other do, in both directions, with packets of all sizes.
func TestMesh(t *testing.T) {
	r, _ := neighbours(t)
	if err := checked(t, r, ProbeHosts(nil)); err != nil {
		t.Fatal(err)
	}
	if bad := of(r.Findings, "PeerPort", preflight.Fail); bad != nil {
		t.Errorf("blocked:\n%s", strings.Join(bad, "\n"))
	}
	if good := of(r.Findings, "PeerPort", preflight.OK); len(good) != 3 {
		t.Errorf("reached: %q", good)
	}
	want := []string{
		"cp1: packets of 1500 bytes arrive; pods have 1450", "w1: packets of 1500 bytes arrive; pods have 1450",
		"w2: packets of 1500 bytes arrive; pods have 1450",
	}
	if got := of(r.Findings, "MTU", preflight.OK); !slices.Equal(got, want) {
		t.Errorf("MTU: %q", got)
	}
	if got := of(r.Findings, "DiskFsync", preflight.Fail); got != nil {
		t.Errorf("the disk: %q", got)
	}
}

// TestMeshWithoutAnAddress: a host that does not have its address is told once, as that, and the
// others are tried.
func TestMeshWithoutAnAddress(t *testing.T) {
	r, _ := neighbours(t)
	r.Fleet["w2"].Facts.Interfaces = nil
	if err := checked(t, r, ProbeHosts(nil)); err != nil {
		t.Fatal(err)
	}
	if got := of(r.Findings, "AddressOnHost", preflight.Fail); !slices.Equal(
		got, []string{"w2: 127.0.94.3 is on no interface; the host has no address"},
	) {
		t.Errorf("AddressOnHost: %q", got)
	}
	if bad := of(r.Findings, "PeerPort", preflight.Fail); bad != nil {
		t.Errorf("blocked: %q", bad)
	}
	if got := of(r.Findings, "MTU", preflight.OK); len(got) != 2 {
		t.Errorf("MTU: %q", got)
	}
}

// TestMeshOfAnAddressThatIsElsewhere: facts that are no longer true show in the ports.
func TestMeshOfAnAddressThatIsElsewhere(t *testing.T) {
	r, _ := neighbours(t)
	for i := range r.Plan.Steps {
		if s := &r.Plan.Steps[i]; s.About() == "w2" {
			s.Target.Host.Address = netip.MustParseAddr("192.0.2.9")
		}
	}
	w2 := &r.Cluster.Hosts[2]
	w2.Address = netip.MustParseAddr("192.0.2.9")
	r.Fleet["w2"].Host = *w2
	r.Fleet["w2"].Facts.Interfaces[0].Addresses = []netip.Prefix{netip.PrefixFrom(w2.Address, 24)}
	if err := checked(t, r, ProbeHosts(nil)); err != nil {
		t.Fatal(err)
	}
	bad := of(r.Findings, "PeerPort", preflight.Fail)
	if !slices.ContainsFunc(bad, func(text string) bool {
		return strings.Contains(text, "cp1, w1 -> w2 udp/8472: w2 cannot listen there:") &&
			strings.Contains(text, "cannot assign requested address")
	}) {
		t.Errorf("blocked: %q", bad)
	}
	if slices.ContainsFunc(bad, func(text string) bool {
		return strings.Contains(text, "-> cp1 tcp/6443") && strings.Contains(text, "w1 ->")
	}) {
		t.Errorf("of other hosts: %q", bad)
	}
}

// TestPreflightStops: a check that fails is the error of a run that would change hosts, with all
// that failed; what only warns, or is ignored, is reported.
func TestPreflightStops(t *testing.T) {
	r, told := neighbours(t)
	r.Fleet["w1"].Facts.MachineID = r.Fleet["w2"].Facts.MachineID
	r.Fleet["cp1"].Facts.CPUs = 1
	err := checked(t, r, CheckHosts([]string{"NumCPU"}))
	var failed *preflight.Error
	if !errors.As(err, &failed) || fault.Of(err) != fault.PreflightFailed {
		t.Fatalf("got %v", err)
	}
	if got := of(failed.Findings, "UniqueMachineID", preflight.Fail); len(got) != 1 ||
		!strings.HasPrefix(got[0], "w1,w2: ") {
		t.Errorf("UniqueMachineID: %q", got)
	}
	if !slices.ContainsFunc(failed.Findings, func(f preflight.Finding) bool {
		return f.ID == "NumCPU" && f.Ignored && f.Level == preflight.Warn
	}) {
		t.Errorf("NumCPU was not ignored: %+v", failed.Findings)
	}
	warnings := told.of(fleet.EventWarning)
	if !slices.ContainsFunc(warnings, func(text string) bool {
		return strings.Contains(text, "cp1") && strings.Contains(text, "NumCPU")
	}) {
		t.Errorf("warnings: %q", warnings)
	}
	if slices.ContainsFunc(warnings, func(text string) bool { return strings.Contains(text, "UniqueMachineID") }) {
		t.Errorf("a failure was told as a warning: %q", warnings)
	}
	if err := checked(t, r, CheckHosts([]string{"all"})); err != nil {
		t.Errorf("with all ignored: %v", err)
	}
}

// TestWrites: what a plan puts on a bare host is counted where it goes.
func TestWrites(t *testing.T) {
	r, _ := neighbours(t)
	scene, err := sceneOf(t.Context(), r, true)
	if err != nil {
		t.Fatal(err)
	}
	bytes := func(host int, place string) (sum int64) {
		for _, w := range scene.Hosts[host].Writes {
			if w.Path == place {
				sum += w.Bytes
			}
		}
		return sum
	}
	if got := bytes(0, "/var/lib/etcd"); got != 256<<20 {
		t.Errorf("etcd's disk of cp1: %d", got)
	}
	if got := bytes(1, "/var/lib/etcd"); got != 0 {
		t.Errorf("etcd's disk of w1: %d", got)
	}
	for _, place := range []string{"/opt/kbootstrap", "/opt/cni/bin", "/var/lib/containerd"} {
		if bytes(1, place) == 0 && place != "/opt/cni/bin" {
			t.Errorf("nothing goes to %s", place)
		}
	}
	if scene.CA.Key == "" || scene.Minor != 36 {
		t.Errorf("authority %q, minor %d", scene.CA.Key, scene.Minor)
	}
	for i := range r.Plan.Steps { // all is there
		s := &r.Plan.Steps[i]
		s.Found = s.Wanted
	}
	if err := CheckHosts([]string{"all"})(t.Context(), r); err != nil {
		t.Errorf("with nothing to do: %v", err)
	}
	if scene, err = sceneOf(t.Context(), r, false); err != nil || scene.Probed || len(scene.Hosts[0].Writes) != 0 ||
		scene.Mesh != nil {
		t.Errorf("with nothing to do: %+v, %v", scene, err)
	}
}
