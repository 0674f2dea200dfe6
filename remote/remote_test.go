package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// failed fails the test unless err is of that kind with these words.
func failed(t *testing.T, err error, kind Kind, words ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got %v, want an error of kind %v", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(e.Error()+"\n"+e.Hint(), word) {
			t.Errorf("message %q\nhint %q\nlack %q", e.Error(), e.Hint(), word)
		}
	}
}

// silent is an address that accepts connections and never answers.
func silent(t *testing.T) (inventory.Host, <-chan struct{}) {
	t.Helper()
	newHome(t)
	listener := listen(t)
	accepted := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1)) // the client's greeting: it is in the handshake now
		close(accepted)
		_, _ = io.Copy(io.Discard, conn) // until the client hangs up
		_ = conn.Close()
	}()
	t.Cleanup(func() { _ = listener.Close(); <-ended })
	return hostAt(listener.Addr().String()), accepted
}

func TestNothingListens(t *testing.T) {
	newHome(t)
	listener := listen(t)
	_ = listener.Close()
	err := dial(hostAt(listener.Addr().String()))
	failed(t, err, Unreachable, "m1: dial "+listener.Addr().String(), "connection refused", "nc -vz")
	coding(t, err, fault.ConnectionRefused)
}

func TestNameThatDoesNotResolve(t *testing.T) {
	newHome(t)
	listener := listen(t)
	_ = listener.Close()
	// A resolver whose only server is a port where nothing listens.
	dialer := net.Dialer{Resolver: &net.Resolver{PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", listener.Addr().String())
		}}}
	h := hostAt("nowhere.example:22")
	_, err := Dial(context.Background(), h, Options{Dial: dialer.DialContext})
	failed(t, err, Unreachable, "m1: dial nowhere.example:22", "does not resolve")
	coding(t, err, fault.NameUnresolved)
}

func TestFrozenServer(t *testing.T) {
	h, _ := silent(t)
	_, err := Dial(context.Background(), h, Options{Timeout: 100 * time.Millisecond})
	failed(t, err, Unreachable, "no answer in 100ms")
	coding(t, err, fault.NoAnswer)
}

func TestNotAnSSHServer(t *testing.T) {
	newHome(t)
	listener := listen(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-ended })
	err := dial(hostAt(listener.Addr().String()))
	failed(t, err, Unreachable, "handshake", "is an SSH server listening there? The connection was accepted",
		"MaxStartups", "nc -v 127.0.0.1 ")
	coding(t, err, fault.Unreachable)
}

// TestNoCommonAlgorithm: an SSH server that speaks of other algorithms is one all the same.
func TestNoCommonAlgorithm(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.configure(func(c *ssh.ServerConfig) { c.Ciphers = []string{ssh.InsecureCipherRC4128} })
	_, err := Dial(context.Background(), s.trust(key), Options{})
	failed(t, err, Unreachable, "handshake", "there is an SSH server, and it has none of the algorithms of this tool")
}

func TestCancelDial(t *testing.T) {
	newHome(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Dial(ctx, hostAt("192.0.2.1:22"), Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	failed(t, err, Unreachable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestCancelHandshake(t *testing.T) {
	h, accepted := silent(t)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-accepted; cancel() }()
	_, err := Dial(ctx, h, Options{})
	failed(t, err, Unreachable, "handshake")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// A command that neither ends nor says that it is there.
func mute(_ string, ch ssh.Channel) uint32 {
	_, _ = io.Copy(io.Discard, ch)
	return 0
}

func connect(t testing.TB, h inventory.Host, o Options) *Conn {
	t.Helper()
	c, err := Dial(context.Background(), h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCancelNode(t *testing.T) {
	key := newEd25519(t)
	stages := map[string]func(s *server, cancel func()){
		"start": func(s *server, cancel func()) {
			s.exec = func(command string, ch ssh.Channel) uint32 { cancel(); return mute(command, ch) }
		},
		"stage": func(s *server, cancel func()) {
			s.exec = func(command string, ch ssh.Channel) uint32 {
				if strings.Contains(command, stageMark) {
					cancel()
					return mute(command, ch)
				}
				return 127
			}
		},
		"upload": func(s *server, cancel func()) {
			s.noSFTP = true
			s.exec = func(command string, ch ssh.Channel) uint32 {
				switch {
				case strings.Contains(command, stageMark):
					_, _ = io.WriteString(ch, stageMark+ownMachine()+" "+staged(command)+"\n")
					return 0
				case strings.Contains(command, "cat >"):
					cancel()
					return mute(command, ch)
				}
				return 127
			}
		},
		"install": func(s *server, cancel func()) {
			s.noSFTP = true
			s.exec = func(command string, ch ssh.Channel) uint32 {
				switch {
				case strings.Contains(command, stageMark):
					_, _ = io.WriteString(ch, stageMark+ownMachine()+" "+staged(command)+"\n")
					return 0
				case strings.Contains(command, "cat >"):
					return mute(command, ch)
				case strings.Contains(command, "gzip -dc"):
					cancel()
					return mute(command, ch)
				}
				return 127
			}
		},
	}
	for stage, arrange := range stages {
		t.Run(stage, func(t *testing.T) {
			s := newServer(t, key)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			arrange(s, cancel)
			_, err := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat")}).Node(ctx)
			failed(t, err, Unreachable)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
	}
}

// inMemory runs a test with a clock of its own, and a server whose silence it can so measure.
func inMemory(t *testing.T, test func(t *testing.T, s *server, h inventory.Host, o Options)) {
	t.Helper()
	key, agent := newEd25519(t), agentFile(t, "cat")
	synctest.Test(t, func(t *testing.T) {
		listener := newMemoryListener()
		s := serveOn(t, listener, key)
		s.host = hostAt(listener.Addr().String())
		test(t, s, s.trust(key), Options{Dial: listener.dial, Agent: agent})
	})
}

func TestMuteCommand(t *testing.T) {
	inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
		s.exec = func(command string, ch ssh.Channel) uint32 {
			_, _ = io.WriteString(ch, "Who are you?")
			return mute(command, ch)
		}
		o.Timeout = 3 * time.Second
		_, err := connect(t, h, o).Node(context.Background())
		failed(t, err, Agent, "no answer of the login shell in 6s", "stdout: Who are you?")
		coding(t, err, fault.ShellMute)
	})
}

// ConnectTimeout is over when the host has shown its key: a slow login, and all that follows, have
// their own time.
func TestConnectTimeout(t *testing.T) {
	inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
		h.SSH.Config = filepath.Join(t.TempDir(), "config")
		trial.Write(t, h.SSH.Config, "ConnectTimeout 2\n", 0o600)
		check := s.config.PublicKeyCallback
		slow := func(d time.Duration) {
			s.configure(func(c *ssh.ServerConfig) {
				c.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
					<-time.After(d)
					return check(m, key)
				}
			})
		}
		slow(4 * time.Second)
		c := connect(t, h, o)
		if c.o.Timeout != 15*time.Second {
			t.Errorf("after the login the limit is %v", c.o.Timeout)
		}
		slow(2 * time.Minute)
		_, err := Dial(context.Background(), h, o)
		failed(t, err, Unreachable, "the host showed its key, and then no answer to the login in 1m0s")
		coding(t, err, fault.LoginSlow)
		o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		_, err = Dial(context.Background(), h, o)
		failed(t, err, Unreachable, "no answer in 2s")
	})
}

// The host loses its power while a session is open: no end of the connection hangs up.
func TestHostStopsAnswering(t *testing.T) {
	inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
		s.exec = func(command string, ch ssh.Channel) uint32 {
			_, _ = io.WriteString(ch, sentinel)
			return mute(command, ch)
		}
		c := connect(t, h, o)
		session, err := c.Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		s.each((*frozenConn).freeze)
		_, err = session.Read(make([]byte, 1))
		failed(t, err, Unreachable, "m1: agent: the host stopped answering for 30s")
		failed(t, session.Wait(), Unreachable, "stopped answering")
		coding(t, session.Wait(), fault.HostSilent)
		_, err = session.Write([]byte("x"))
		failed(t, err, Unreachable, "stopped answering")
		_, err = c.Node(context.Background())
		failed(t, err, Unreachable, "stopped answering")
		_ = session.Close()
	})
}

// The host hangs up while a session is open: that is not the end of the output.
func TestConnectionLost(t *testing.T) {
	inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
		s.exec = func(command string, ch ssh.Channel) uint32 {
			_, _ = io.WriteString(ch, sentinel)
			return mute(command, ch)
		}
		session, err := connect(t, h, o).Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		s.each((*frozenConn).Close)
		_, err = session.Read(make([]byte, 1))
		failed(t, err, Unreachable, "connection lost")
		failed(t, session.Wait(), Unreachable, "connection lost")
		coding(t, session.Wait(), fault.HostLost)
	})
}

// A host that answers stays connected, however quiet the session is.
func TestQuietSessionStaysOpen(t *testing.T) {
	inMemory(t, func(t *testing.T, _ *server, h inventory.Host, o Options) {
		c := connect(t, h, o)
		select {
		case <-c.gone:
			t.Error(c.lost("idle"))
		case <-time.After(time.Hour):
		}
	})
}
