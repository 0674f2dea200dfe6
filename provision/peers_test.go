package provision

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource/api"
)

// TestPeers: what the cluster tells of the hosts that a run does not ask: nodes that the inventory
// does not have too, where they are and not where the inventory has them, and hosts that are no
// nodes yet.
func TestPeers(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	m1, _ := c.Host("m1")
	m2, _ := c.Host("m2")
	m3, _ := c.Host("m3")
	w1, _ := c.Host("w1")
	moved := netip.MustParseAddr("192.168.56.92")
	asked := []preflight.Host{{Host: m1, Survey: host.Survey{Neighbours: []host.Neighbour{
		{Address: moved, MAC: "08:00:27:00:00:02"},
	}}}}
	got := peersOf(c, []api.RegisteredNode{
		{Name: "m1", MachineID: "one"},
		{Name: "m2", MachineID: "two", SystemUUID: "uuid", Address: "192.168.56.92", Ready: true},
		{Name: "theirs", MachineID: "other", Address: "192.168.56.99"},
		{Name: "w1"},
	}, asked)
	m2.Address = moved
	want := []preflight.Peer{
		{Host: m2, MachineID: "two", ProductUUID: "uuid", MAC: "08:00:27:00:00:02", Serves: true},
		{Host: inventory.Host{Name: "theirs", Address: netip.MustParseAddr("192.168.56.99")}, MachineID: "other"},
		{Host: w1},
		{Host: m3},
	}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

// TestMeshDialsPeers: the services of hosts that are not asked are dialled, and nothing else of
// them.
func TestMeshDialsPeers(t *testing.T) {
	r, _ := neighbours(t)
	var listen net.ListenConfig
	server, err := listen.Listen(t.Context(), "tcp", "127.0.94.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	_, port, _ := net.SplitHostPort(server.Addr().String())
	if r.Cluster.Network.APIPort, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	r.census.Nodes = []api.RegisteredNode{
		{Name: "cp1", MachineID: "of cp1", Address: "127.0.94.1", Ready: true},
	}
	delete(r.Fleet, "cp1")
	r.Plan = r.Plan.Without("cp1")
	r.Plan.Steps = slices.DeleteFunc(r.Plan.Steps, func(s plan.Step) bool { return s.At == "cp1" })
	r.whole = r.Plan
	if err := checked(t, r, ProbeHosts(nil)); err != nil {
		t.Fatal(err)
	}
	for _, level := range []preflight.Level{preflight.Fail, preflight.Warn} {
		if bad := of(r.Findings, "PeerPort", level); bad != nil {
			t.Errorf("%s: %q", level, bad)
		}
	}
	if good := strings.Join(of(r.Findings, "PeerPort", preflight.OK), "\n"); strings.Count(
		good, "; not tried from cp1, which this run does not ask",
	) != 2 {
		t.Errorf("told:\n%s", good)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := checked(t, r, ProbeHosts(nil)); err != nil {
		t.Fatal(err)
	}
	if down := of(r.Findings, "PeerPort", preflight.Warn); len(down) != 2 {
		t.Errorf("an API that is down: %q", down)
	}
}

// TestMeshTriesAgain: a service that has its port and refuses is tried twice, and told of when it
// refuses still.
func TestMeshTriesAgain(t *testing.T) {
	r, _ := neighbours(t)
	holder, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(holder) })
	if err := unix.Bind(holder, &unix.SockaddrInet4{Addr: r.Cluster.Hosts[0].Address.As4()}); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(holder)
	if err != nil {
		t.Fatal(err)
	}
	if bound, ok := at.(*unix.SockaddrInet4); ok {
		r.Cluster.Network.APIPort = bound.Port
	}
	if err := checked(t, r, ProbeHosts(nil)); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("cp1,w1,w2: w1, w2 -> cp1 tcp/%d: connection refused", r.Cluster.Network.APIPort)
	if bad := of(r.Findings, "PeerPort", preflight.Fail); !slices.Contains(bad, want) {
		t.Errorf("told %q, and not %q", bad, want)
	}
}

// TestAddressesOfMember: a member of etcd is asked where the inventory has it first, and then at
// the other addresses of its host; networks of the cluster itself have none.
func TestAddressesOfMember(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	m := &fleet.Machine{Host: c.Hosts[0], Facts: host.Facts{Interfaces: []host.Interface{
		{Name: "lo", Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}},
		{Name: "eth1", Addresses: []netip.Prefix{
			netip.MustParsePrefix("192.168.56.19/24"), netip.MustParsePrefix("192.168.56.11/24"),
			netip.MustParsePrefix("fe80::1/64"),
		}},
		{Name: "cni0", Addresses: []netip.Prefix{netip.MustParsePrefix("10.244.0.1/24")}},
	}}}
	want := []netip.Addr{netip.MustParseAddr("192.168.56.11"), netip.MustParseAddr("192.168.56.19")}
	if d := cmp.Diff(want, addressesOf(m), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

// TestReachedTwice: the second session to one machine finds it locked by the first, and the run
// says so; a lock of another run stays what it is.
func TestReachedTwice(t *testing.T) {
	for _, test := range []struct {
		what string
		w1   host.Facts // of the machine that is locked
		want fault.Code
	}{
		{"the same machine", host.Facts{MachineID: "one", BootID: "boot"}, fault.SameMachine},
		{"another machine", host.Facts{MachineID: "two", BootID: "other"}, fault.Locked},
	} {
		c := fixture.Parse(t, fixture.Small)
		r := &Run{Cluster: c, Unreached: map[string]error{}}
		r.dial = func(_ context.Context, hosts []inventory.Host, _ fleet.Options, lock bool) (fleet.Fleet, error) {
			reached := fleet.Fleet{}
			var failures plan.Failures
			for _, h := range hosts {
				m := &fleet.Machine{Host: h, Facts: test.w1}
				switch {
				case h.Name == "cp1":
					m.Facts = host.Facts{MachineID: "one", BootID: "boot"}
				case lock:
					failures = append(failures, plan.Failure{
						Host: h.Name, Component: "connect", Err: &node.LockedError{},
					})
					continue
				}
				reached[h.Name] = m
			}
			return reached, failures.ErrOrNil()
		}
		if err := ConnectLocked(t.Context(), r); fault.Of(err) != test.want {
			t.Errorf("%s: got %v", test.what, err)
		}
	}
}

// TestSceneOfALimitedRun: the checks see all hosts that were asked and the cluster's authority,
// whatever the plan is limited to; what is written is what the limited plan writes.
func TestSceneOfALimitedRun(t *testing.T) {
	r, _ := neighbours(t)
	scene := preflight.SceneOf(r.Cluster, r.whole, r.Plan.OnlyComponents("coredns"))
	if len(scene.Hosts) != len(r.Cluster.Hosts) || scene.CA.Key == "" || scene.Minor == 0 {
		t.Errorf("%d hosts, authority %q, minor %d", len(scene.Hosts), scene.CA, scene.Minor)
	}
	for _, h := range scene.Hosts {
		if h.Writes != nil {
			t.Errorf("%s: it writes %v", h.Name, h.Writes)
		}
	}
}
