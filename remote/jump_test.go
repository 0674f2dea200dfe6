package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// jumpTo puts jump hosts before a host, as the inventory does.
func jumpTo(h inventory.Host, through ...inventory.Host) inventory.Host {
	h.SSH.Jump = nil
	for _, j := range through {
		h.SSH.Jump = append(h.SSH.Jump, inventory.Jump{Address: j.SSH.Address, Port: j.SSH.Port, User: j.SSH.User})
	}
	return h
}

// twoHosts are two real servers that one user may log in to.
func twoHosts(t *testing.T, lines ...string) (gate, inner inventory.Host) {
	t.Helper()
	client := newHome(t)
	return startSSHD(t, client, usual, lines...), startSSHD(t, client, usual)
}

// counted counts the connections that are made from here, and keeps them.
type counted struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *counted) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func TestJumpHost(t *testing.T) {
	gate, inner := twoHosts(t)
	h := jumpTo(inner, gate)
	direct := &counted{}
	for _, policy := range []string{"accept-new", "strict"} { // the keys of both are recorded, then checked
		h.SSH.HostKeyPolicy = policy
		c := connect(t, h, Options{Agent: agentFile(t, "cat"),
			root: filepath.Join(t.TempDir(), "agent"), Dial: direct.dial})
		session, err := c.Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		echo(t, session, 4<<20)
	}
	for _, conn := range direct.conns {
		if got, want := conn.RemoteAddr().String(), fmt.Sprintf("127.0.0.1:%d", gate.SSH.Port); got != want {
			t.Errorf("connected to %s from here, want only %s", got, want)
		}
	}
	if lines := strings.Count(trial.Read(t, h.SSH.KnownHosts), "\n"); lines != 2 {
		t.Errorf("%d keys recorded, want 2", lines)
	}
}

func TestJumpHostsInARow(t *testing.T) {
	gate, inner := twoHosts(t)
	if err := dial(jumpTo(inner, gate, inner, gate)); err != nil {
		t.Error(err)
	}
	listener := listen(t)
	_ = listener.Close()
	nowhere := inner
	nowhere.SSH.Port = listener.Addr().(*net.TCPAddr).Port
	err := dial(jumpTo(nowhere, gate, inner))
	failed(t, err, Unreachable, fmt.Sprintf("m1: dial 127.0.0.1:%d from jump host 127.0.0.1: Connection refused",
		nowhere.SSH.Port), fmt.Sprintf("nc -vz 127.0.0.1 %d", nowhere.SSH.Port))
	coding(t, err, fault.JumpHost)
}

// Many hosts behind one jump host: one connection to it, whatever its sshd allows in sessions and
// in logins at once.
func TestJumpHostIsShared(t *testing.T) {
	gate, inner := twoHosts(t, "MaxSessions 1", "MaxStartups 2") // one is that of awaitPort
	direct, routes := &counted{}, &Routes{}
	defer routes.Close()
	var all sync.WaitGroup
	for range 8 { // fewer than sshd of the host itself lets log in at once
		all.Go(func() {
			c, err := Dial(context.Background(), jumpTo(inner, gate), Options{Dial: direct.dial, Routes: routes})
			if err != nil {
				t.Error(err)
				return
			}
			_ = c.Close()
		})
	}
	all.Wait()
	if len(direct.conns) != 1 {
		t.Errorf("%d connections to the jump host, want 1", len(direct.conns))
	}
}

// Who trusts less does not go through the connection of who trusts more.
func TestJumpHostIsNotSharedAcrossTrust(t *testing.T) {
	gate, inner := twoHosts(t)
	routes := &Routes{}
	defer routes.Close()
	h := jumpTo(inner, gate)
	h.SSH.HostKeyPolicy = "accept-new"
	connect(t, h, Options{Routes: routes})
	h.SSH.HostKeyPolicy, h.SSH.KnownHosts = "strict", filepath.Join(t.TempDir(), "known_hosts")
	_, err := Dial(context.Background(), h, Options{Routes: routes})
	refusal(t, err, fault.HostKeyUnknown, "m1: jump host: 127.0.0.1: host key: unknown")
}

// The key of a jump host is checked like that of any host, and the error says whose it is.
func TestJumpHostKey(t *testing.T) {
	gate, inner := twoHosts(t)
	h := jumpTo(inner, gate)
	h.SSH.HostKeyPolicy = "strict"
	refusal(t, dial(h), fault.HostKeyUnknown, "m1: jump host: 127.0.0.1: host key: unknown", nameOf(gate))

	other := newEd25519(t).PublicKey()
	trial.Write(t, h.SSH.KnownHosts, recordOf(gate, other), 0o600)
	for _, policy := range []string{"strict", "accept-new"} {
		h.SSH.HostKeyPolicy = policy
		refusal(t, dial(h), fault.HostKeyChanged, "m1: jump host: 127.0.0.1: host key: changed", h.SSH.KnownHosts+":1",
			"ssh-keygen -R '"+nameOf(gate)+"'")
	}

	h.SSH.Jump[0].HostKey = ssh.FingerprintSHA256(other)
	refusal(t, dial(h), fault.HostKeyPinned, "m1: jump host: 127.0.0.1: host key: ", "pins "+
		ssh.FingerprintSHA256(other))
}

func TestJumpHostThatRefuses(t *testing.T) {
	gate, inner := twoHosts(t, "AllowTcpForwarding no")
	err := dial(jumpTo(inner, gate))
	failed(t, err, Unreachable, "from jump host 127.0.0.1: the jump host does not forward", "AllowTcpForwarding yes")
	coding(t, err, fault.JumpHost)
}

func TestJumpHostThatCannotBeReached(t *testing.T) {
	gate, inner := twoHosts(t)
	listener := listen(t)
	_ = listener.Close()
	gate.SSH.Port = listener.Addr().(*net.TCPAddr).Port
	err := dial(jumpTo(inner, gate))
	failed(t, err, Unreachable, fmt.Sprintf("m1: jump host: 127.0.0.1: dial 127.0.0.1:%d: connect: connection refused",
		gate.SSH.Port), "nc -vz")
	coding(t, err, fault.ConnectionRefused)
}

func TestJumpHostThatDoesNotLetUsIn(t *testing.T) {
	gate, inner := twoHosts(t, "AllowUsers nouser")
	err := dial(jumpTo(inner, gate))
	failed(t, err, Auth, "m1: jump host: 127.0.0.1: log in: ", "was refused", "authorized_keys on the jump host")
}

// Whether a host behind a jump host answers is to be tried from there, not from here.
func TestJumpHostAndAHostThatIsSilent(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(noAnswer(time.Second))
	e := &Error{Host: "m1", Op: "dial", Kind: Unreachable}
	(&Conn{}).refused(ctx, e, io.EOF, "192.0.2.1:22")
	failed(t, e, Unreachable, "m1: dial: no answer in 1s", "on the jump host: nc -vz 192.0.2.1 22")
	coding(t, e, fault.NoAnswer)
}

func TestJumpHostWithoutAName(t *testing.T) {
	_, inner := twoHosts(t)
	inner.SSH.Jump = []inventory.Jump{{Address: "bastoin.invalid"}}
	_, err := Dial(context.Background(), inner, Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "bastoin.invalid"}}
	}})
	failed(t, err, Unreachable, "m1: jump host: bastoin.invalid: dial ", "the name of the jump host does not resolve",
		"ssh.jump")
	coding(t, err, fault.NameUnresolved)
}

// The jump host goes away in mid-run: a host behind it says so, and the next one connects again.
func TestJumpHostIsLost(t *testing.T) {
	gate, inner := twoHosts(t)
	direct, routes := &counted{}, &Routes{}
	defer routes.Close()
	o := Options{Dial: direct.dial, Routes: routes, Agent: agentFile(t, "cat"),
		root: filepath.Join(t.TempDir(), "agent")}
	c := connect(t, jumpTo(inner, gate), o)
	session, err := c.Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = direct.conns[0].Close()
	_, err = session.Read(make([]byte, 1))
	failed(t, err, Unreachable, "connection lost: jump host 127.0.0.1: connection lost")
	if err := func() error {
		c, err := Dial(context.Background(), jumpTo(inner, gate), o)
		if err != nil {
			return err
		}
		return c.Close()
	}(); err != nil {
		t.Errorf("after the loss: %v", err)
	}
}

// Whoever connects to the jump host for all gives up: the others do not.
func TestJumpHostWhenTheFirstGivesUp(t *testing.T) {
	gate, inner := twoHosts(t)
	routes := &Routes{}
	defer routes.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var tries atomic.Int32
	begun, given := make(chan struct{}), make(chan error, 1)
	o := Options{Routes: routes, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if tries.Add(1) == 1 {
			close(begun)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	go func() { _, err := Dial(ctx, jumpTo(inner, gate), o); given <- err }()
	<-begun
	second := make(chan error, 1)
	go func() {
		c, err := Dial(context.Background(), jumpTo(inner, gate), o)
		if err == nil {
			err = c.Close()
		}
		second <- err
	}()
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
}

// A jump host that cannot be reached now may be back later.
func TestJumpHostIsTriedAgain(t *testing.T) {
	gate, inner := twoHosts(t)
	routes := &Routes{}
	defer routes.Close()
	listener := listen(t)
	_ = listener.Close()
	away := true
	o := Options{Routes: routes, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if away {
			address = listener.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	_, err := Dial(context.Background(), jumpTo(inner, gate), o)
	failed(t, err, Unreachable, "connection refused")
	away = false
	connect(t, jumpTo(inner, gate), o)
}

// ssh_config leads the way: the jump host has an entry of its own with user, port and key.
func TestJumpHostOfConfig(t *testing.T) {
	gate, inner := twoHosts(t)
	home := filepath.Dir(filepath.Dir(homeKeyPath()))
	trial.Write(t, filepath.Join(home, ".ssh/config"), fmt.Sprintf(`
Host gate
  HostName 127.0.0.1
  Port %d
  User %s
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
Host inner
  HostName 127.0.0.1
  Port %d
  User %s
  ProxyJump gate
`, gate.SSH.Port, gate.SSH.User, inner.SSH.Port, inner.SSH.User), 0o600)
	var notes []string
	o := Options{Notice: func(text string) { notes = append(notes, text) }}
	h := inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "inner", HostKeyPolicy: "accept-new"}}
	for range 2 {
		c, err := Dial(context.Background(), h, o)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	known := trial.Read(t, filepath.Join(home, ".ssh/known_hosts"))
	if strings.Count(known, "\n") != 2 {
		t.Errorf("known_hosts is %q, want the keys of both", known)
	}
	if all := strings.Join(notes, "\n"); !strings.Contains(all, "config:7: host keys are always checked") ||
		strings.Count(all, "recorded the") != 2 {
		t.Errorf("notes %q", notes)
	}
}
