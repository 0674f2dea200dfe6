package remote

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// server is an SSH server in this process, for what a real sshd does not do on demand: freeze, hang
// up, have this key.
type server struct {
	host   inventory.Host
	config *ssh.ServerConfig // see configure
	noSFTP bool
	// exec answers an exec request and returns the exit status; it runs the command with /bin/sh by
	// default.
	exec func(command string, ch ssh.Channel) uint32

	mu       sync.Mutex
	commands []string
	conns    []*frozenConn
	tasks    sync.WaitGroup
}

// newServer serves until the end of the test, and lets the owner of ~/.ssh/id_ed25519 in.
func newServer(t *testing.T, hostKeys ...ssh.Signer) *server {
	t.Helper()
	listener := listen(t)
	s := serveOn(t, listener, hostKeys...)
	s.host = hostAt(listener.Addr().String())
	return s
}

// serveOn is newServer at another listener; its host still lacks an address.
func serveOn(t *testing.T, listener net.Listener, hostKeys ...ssh.Signer) *server {
	t.Helper()
	client := newHome(t)
	s := &server{}
	s.exec = s.shell
	config := &ssh.ServerConfig{}
	config.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.PublicKey().Marshal()) {
			return nil, errors.New("not authorized")
		}
		return nil, nil
	}
	s.config = config
	for _, key := range hostKeys {
		config.AddHostKey(key)
	}
	s.tasks.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			conn := &frozenConn{Conn: raw, ice: make(chan struct{}), closed: make(chan struct{})}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			current := *s.config
			s.mu.Unlock()
			s.tasks.Go(func() { s.serve(conn, &current) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.each((*frozenConn).Close)
		s.tasks.Wait()
	})
	return s
}

func (s *server) serve(conn net.Conn, config *ssh.ServerConfig) {
	defer func() { _ = conn.Close() }()
	sc, chans, reqs, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	defer func() { _ = sc.Close() }()
	s.tasks.Go(func() {
		for r := range reqs { // keepalives: a refusal is an answer
			_ = r.Reply(false, nil)
		}
	})
	for open := range chans {
		ch, requests, err := open.Accept()
		if err != nil {
			return
		}
		s.tasks.Go(func() { s.session(ch, requests) })
	}
}

func (s *server) session(ch ssh.Channel, requests <-chan *ssh.Request) {
	defer func() { _ = ch.Close() }()
	for r := range requests {
		var text struct{ Value string }
		_ = ssh.Unmarshal(r.Payload, &text)
		switch {
		case r.Type == "exec":
			_ = r.Reply(true, nil)
			s.mu.Lock()
			s.commands = append(s.commands, text.Value)
			s.mu.Unlock()
			s.tasks.Go(func() { ssh.DiscardRequests(requests) })
			status := s.exec(text.Value, ch)
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
			return
		case r.Type == "subsystem" && !s.noSFTP:
			_ = r.Reply(true, nil)
			s.tasks.Go(func() { ssh.DiscardRequests(requests) })
			files, err := sftp.NewServer(ch)
			if err == nil {
				_ = files.Serve()
			}
			return
		default:
			_ = r.Reply(false, nil)
		}
	}
}

// shell runs the command as sshd would.
func (s *server) shell(command string, ch ssh.Channel) uint32 {
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", command)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 255
	}
	cmd.Stdout, cmd.Stderr = ch, ch.Stderr()
	if err := cmd.Start(); err != nil {
		return 255
	}
	s.tasks.Go(func() { _, _ = io.Copy(stdin, ch); stdin.Close() })
	_ = cmd.Wait()
	return uint32(cmd.ProcessState.ExitCode())
}

// configure changes how the server lets in those who connect from now on.
func (s *server) configure(change func(*ssh.ServerConfig)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.config)
}

// ran returns the commands that were executed.
func (s *server) ran() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

func (s *server) each(f func(*frozenConn) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = f(c)
	}
}

// frozenConn is a connection whose peer can stop without hanging up, like a host that lost its
// power.
type frozenConn struct {
	net.Conn
	ice, closed      chan struct{}
	freezing, ending sync.Once
}

func (c *frozenConn) freeze() error { c.freezing.Do(func() { close(c.ice) }); return nil }

func (c *frozenConn) Close() error {
	c.ending.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *frozenConn) wait() {
	select {
	case <-c.ice:
		<-c.closed
	default:
	}
}

func (c *frozenConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wait()
	return n, err
}

func (c *frozenConn) Write(p []byte) (int, error) { c.wait(); return c.Conn.Write(p) }

// newHome makes an empty home directory with a new key in ~/.ssh/id_ed25519, no agent, and looks
// for goroutines that outlive the test.
func newHome(t testing.TB) ssh.Signer {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SSH_AUTH_SOCK", "")
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	writeKey(t, filepath.Join(home, ".ssh/id_ed25519"), key, "")
	return signerOf(t, key)
}

// listen takes a free port of the loopback.
func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func writeKey(t testing.TB, path string, key any, passphrase string) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	trial.Write(t, path, string(pem.EncodeToMemory(block)), 0o600)
}

func signerOf(t testing.TB, key any) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func newEd25519(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, key)
}

func newECDSA(t *testing.T) ssh.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, key)
}

// hostAt is a host of the inventory, with a known_hosts file in the home directory.
func hostAt(address string) inventory.Host {
	name, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return inventory.Host{Name: "m1", SSH: inventory.SSH{Address: name, Port: number, User: "vagrant", Agent: true,
		KnownHosts: filepath.Join(os.Getenv("HOME"), ".ssh/known_hosts"), HostKeyPolicy: "strict", Config: "none",
		Sudo: new(false)}}
}

// trust pins the host's key, for tests that are about something else.
func (s *server) trust(key ssh.Signer) inventory.Host {
	s.host.SSH.HostKey = ssh.FingerprintSHA256(key.PublicKey())
	return s.host
}
