package remote

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// denial fails the test unless the login was refused with these words.
func denial(t *testing.T, err error, words ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != Auth {
		t.Fatalf("got %v, want a refused login", err)
	}
	for _, word := range words {
		if !strings.Contains(e.Error()+"\n"+e.Hint(), word) {
			t.Errorf("message %q\nhint %q\nlack %q", e.Error(), e.Hint(), word)
		}
	}
}

// newAgent serves an ssh-agent that holds these keys.
func newAgent(t *testing.T, keys ...any) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, key := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() { _ = agent.ServeAgent(ring, conn); _ = conn.Close() })
		}
	})
	t.Setenv("SSH_AUTH_SOCK", listener.Addr().String())
	t.Cleanup(func() { _ = listener.Close(); tasks.Wait(); os.RemoveAll(dir) })
}

// homeKey is the private key that newServer lets in.
func homeKey(t *testing.T) any {
	t.Helper()
	key, err := ssh.ParseRawPrivateKey([]byte(readFile(t, homeKeyPath())))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func homeKeyPath() string { return filepath.Join(os.Getenv("HOME"), ".ssh/id_ed25519") }

func otherKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestDefaultKey(t *testing.T) {
	key := newEd25519(t)
	if err := dial(newServer(t, key).trust(key)); err != nil {
		t.Fatal(err)
	}
}

func TestNamedKey(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	if err := os.Rename(homeKeyPath(), filepath.Join(os.Getenv("HOME"), "key")); err != nil {
		t.Fatal(err)
	}
	h.SSH.Key = "~/key"
	if err := dial(h); err != nil {
		t.Error(err)
	}
	h.SSH.Key = filepath.Join(os.Getenv("HOME"), "missing")
	denial(t, dial(h), "missing", "no such file")
	writeFile(t, h.SSH.Key, "rubbish", 0o600)
	denial(t, dial(h), "no key found")
	writeKey(t, h.SSH.Key, otherKey(t), "")
	denial(t, dial(h), "vagrant was refused", "key "+h.SSH.Key, "authorized_keys")
}

func TestKeyThatOthersCanRead(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(homeKeyPath(), mode); err != nil {
			t.Fatal(err)
		}
		h.SSH.Key = ""
		denial(t, dial(h), "no key to log in with", "lets others read it")
		h.SSH.Key = homeKeyPath()
		denial(t, dial(h), "lets others read it", "chmod 600 "+homeKeyPath())
	}
}

func TestNoKeyAtAll(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	if err := os.Remove(homeKeyPath()); err != nil {
		t.Fatal(err)
	}
	denial(t, dial(h), "no key to log in with", "SSH_AUTH_SOCK is not set", "ssh-keygen")
	t.Setenv("SSH_AUTH_SOCK", "/nonexistent/agent")
	denial(t, dial(h), "no such file")
	newAgent(t)
	denial(t, dial(h), "it holds no key")
}

func TestAgent(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	mine := homeKey(t)
	if err := os.Remove(homeKeyPath()); err != nil {
		t.Fatal(err)
	}
	newAgent(t, otherKey(t), mine)
	if err := dial(h); err != nil {
		t.Error(err)
	}
	h.SSH.Agent = false
	denial(t, dial(h), "no key to log in with")
}

func TestKeyWithPassphrase(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	mine := homeKey(t)
	h.SSH.Key = filepath.Join(os.Getenv("HOME"), "locked")
	writeKey(t, h.SSH.Key, mine, "open sesame")
	denial(t, dial(h), "has a passphrase", "ssh-add "+h.SSH.Key)
	newAgent(t, otherKey(t))
	denial(t, dial(h), "no agent holds it")
	newAgent(t, otherKey(t), mine)
	if err := dial(h); err != nil {
		t.Error(err)
	}
}

// A host hangs up after six keys, so the one that the inventory names must be among the first, whatever the agent holds.
func TestAgentWithManyKeys(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	var many []any
	for range 10 {
		many = append(many, otherKey(t))
	}
	newAgent(t, many...)
	h.SSH.Key = homeKeyPath()
	if err := dial(h); err != nil {
		t.Error(err)
	}
	h.SSH.Key = ""
	denial(t, dial(h), "not tried, hosts hang up after 6 keys")
}
