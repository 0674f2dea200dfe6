package node

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"kbootstrap/internal/trial"
)

// The tokens of two runs.
const (
	ours   = "00112233445566778899aabbccddeeff"
	theirs = "ffeeddccbbaa99887766554433221100"
)

// loopback is an address of this machine that is no host's.
func loopback(last byte) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 93, last}) }

// free returns a port that no process has at the address.
func free(t *testing.T, address netip.Addr) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// ear collects what a host hears.
type ear struct {
	mu    sync.Mutex
	heard []Heard
}

func (e *ear) hear(h Heard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, h)
}

func (e *ear) all() []Heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Clone(e.heard)
	slices.SortFunc(all, func(a, b Heard) int { return a.Size - b.Size })
	return all
}

// TestMesh: one host listens, another reaches it, by TCP and by datagrams of several sizes.
func TestMesh(t *testing.T) {
	listener, dialler := connect(t, Options{Root: t.TempDir()}, pipes), connect(t, Options{Root: t.TempDir()}, pipes)
	at, from := loopback(1), loopback(2)
	tcp, udp := free(t, at), free(t, at)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var e ear
	query := ListenQuery{Token: ours, Host: 7, Address: at, TCP: []int{tcp}, UDP: []int{udp}}
	opened, wait, err := listener.Listen(ctx, query, e.hear)
	if err != nil {
		t.Fatal(err)
	}
	want := []Opened{{Network: "tcp", Port: tcp}, {Network: "udp", Port: udp}}
	if !slices.Equal(opened, want) {
		t.Fatalf("opened %+v", opened)
	}
	target := func(network string, port, host int) Target {
		return Target{
			Network: network,
			Address: netip.AddrPortFrom(at, uint16(port)),
			Host:    host,
			Sizes:   []int{128, 1400, 1500},
		}
	}
	reached, err := dialler.Reach(t.Context(), ReachQuery{Token: ours, Host: 3, Address: from, Targets: []Target{
		target("tcp", tcp, 7), target("udp", udp, 7),
		target("tcp", tcp, 8),         // it is host 7 who answers
		target("tcp", free(t, at), 7), // no process listens
		target("udp", free(t, at), 7), // and no process hears, which the sender cannot know
		target("tcp", tcp, -1),        // a service that will not tell who it is
	}})
	if err != nil {
		t.Fatal(err)
	}
	// The interface of loopback takes 65535 bytes, and the kernel knows of nothing else on the
	// path.
	wanted := []Reached{
		{}, {MTU: 65535}, {Fault: "another host answered at this address"}, {Fault: "connection refused"},
		{MTU: 65535}, {},
	}
	if !slices.Equal(reached, wanted) {
		t.Errorf("got %+v, want %+v", reached, wanted)
	}
	trial.Eventually(t, "three datagrams", func() bool { return len(e.all()) == 3 })
	heard := []Heard{{udp, 3, 128}, {udp, 3, 1400}, {udp, 3, 1500}}
	if got := e.all(); !slices.Equal(got, heard) {
		t.Errorf("heard %+v, want %+v: each once, though each was sent three times", got, heard)
	}

	// Another run's packets are not ours.
	foreign := ReachQuery{Token: theirs, Host: 4, Address: from, Targets: []Target{target("udp", udp, 7)}}
	if _, err := dialler.Reach(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	foreign.Targets = []Target{target("tcp", tcp, 7)}
	reached, err = dialler.Reach(t.Context(), foreign)
	if err != nil || reached[0].Fault != "another host answered at this address" {
		t.Errorf("the listener of another run: %+v, %v", reached, err)
	}
	if got := e.all(); len(got) != 3 {
		t.Errorf("heard of another run: %+v", got)
	}

	// The listeners end with the request.
	stop()
	wait()
	trial.Eventually(t, "the port is free again", func() bool {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", netip.AddrPortFrom(at, uint16(tcp)).String())
		if err != nil {
			return false
		}
		l.Close()
		return true
	})
}

// TestMeshWhereSomebodyListens: a port that is held is told as such, and its datagrams are heard
// by its owner, and also by a process that may open raw sockets.
func TestMeshWhereSomebodyListens(t *testing.T) {
	listener, dialler := connect(t, Options{Root: t.TempDir()}, pipes), connect(t, Options{Root: t.TempDir()}, pipes)
	at := loopback(3)
	service, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	tunnel, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp4", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tunnel.Close() }()
	tcp, udp := service.Addr().(*net.TCPAddr).Port, tunnel.LocalAddr().(*net.UDPAddr).Port

	ctx, stop := context.WithCancel(t.Context())
	var e ear
	query := ListenQuery{Token: ours, Host: 1, Address: at, TCP: []int{tcp}, UDP: []int{udp}}
	opened, wait, err := listener.Listen(ctx, query, e.hear)
	if err != nil {
		t.Fatal(err)
	}
	defer wait()
	defer stop()
	if !opened[0].Held || !opened[1].Held {
		t.Errorf("held ports: %+v", opened)
	}
	reached, err := dialler.Reach(t.Context(), ReachQuery{Token: ours, Host: 2, Address: loopback(4), Targets: []Target{
		{Network: "tcp", Address: netip.AddrPortFrom(at, uint16(tcp)), Host: -1},
		{Network: "udp", Address: netip.AddrPortFrom(at, uint16(udp)), Sizes: []int{1450}},
	}})
	if err != nil || !slices.Equal(reached, []Reached{{}, {MTU: 65535}}) {
		t.Errorf("got %+v, %v", reached, err)
	}
	if os.Geteuid() != 0 {
		if !strings.Contains(opened[1].Error, "not permitted") {
			t.Errorf("without the right to raw sockets: %+v", opened[1])
		}
		return
	}
	trial.Eventually(t, "the datagram is heard on a port that another process holds", func() bool {
		return slices.Equal(e.all(), []Heard{{udp, 2, 1450}})
	})
	// The owner gets it too, and a VXLAN passes over it: the flag that says that there is a network
	// is not set.
	packet := make([]byte, 2000)
	n, _, err := tunnel.ReadFrom(packet)
	if err != nil || n != 1450-udpHeader || packet[0]&0x08 != 0 {
		t.Errorf("the owner got %d bytes beginning with %x, %v", n, packet[0], err)
	}
}

// TestListenersEndWithTheSession: a control machine that is gone leaves nothing that listens.
func TestListenersEndWithTheSession(t *testing.T) {
	p := start(t, t.TempDir())
	at := loopback(5)
	port := free(t, at)
	query := ListenQuery{Token: ours, Address: at, TCP: []int{port}, UDP: []int{port}}
	_, wait, err := p.Listen(t.Context(), query, func(Heard) {})
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Close()
	wait()
	if err := p.ends(t); err != nil {
		t.Errorf("the node: %v", err)
	}
}

func TestMeshRefusesNonsense(t *testing.T) {
	client := connect(t, Options{Root: t.TempDir()}, pipes)
	for name, q := range map[string]ListenQuery{
		"no token":     {Address: loopback(6)},
		"short token":  {Token: "0011", Address: loopback(6)},
		"IPv6":         {Token: ours, Address: netip.IPv6LinkLocalAllNodes()},
		"no address":   {Token: ours},
		"too many":     {Token: ours, Address: loopback(6), TCP: make([]int, meshPorts+1)},
		"a wrong host": {Token: ours, Address: loopback(6), Host: 1 << 16},
	} {
		_, _, err := client.Listen(t.Context(), q, nil)
		var remote *RemoteError
		if !errors.As(err, &remote) || remote.Kind != kindRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	tooMany := ReachQuery{Token: ours, Targets: make([]Target, meshTargets+1)}
	if _, err := client.Reach(t.Context(), tooMany); err == nil {
		t.Error("too many targets were taken")
	}
	// An address that is not the host's.
	opened, wait, err := client.Listen(t.Context(), ListenQuery{
		Token:   ours,
		Address: netip.MustParseAddr("192.0.2.1"),
		TCP:     []int{6443},
		UDP:     []int{8472},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer wait()
	defer func() { _ = client.Close() }()
	for _, o := range opened {
		if o.Held || !strings.Contains(o.Error, "cannot assign requested address") {
			t.Errorf("at another host's address: %+v", o)
		}
	}
}
