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

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/remote/sshconfig"
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

// coding fails the test unless the error has that code.
func coding(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if got := fault.Of(err); got != want {
		t.Errorf("code %q of %v, want %s", got, err, want)
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
	key, err := ssh.ParseRawPrivateKey([]byte(trial.Read(t, homeKeyPath())))
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
	coding(t, dial(h), fault.KeyFile)
	trial.Write(t, h.SSH.Key, "rubbish", 0o600)
	denial(t, dial(h), "no key found")
	writeKey(t, h.SSH.Key, otherKey(t), "")
	denial(t, dial(h), "vagrant was refused", "key "+h.SSH.Key, "authorized_keys")
	coding(t, dial(h), fault.LoginRefused)
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
		coding(t, dial(h), fault.KeyMode)
	}
}

// Who may read a key of another user is not ours to say.
func TestKeyOfSomebodyElseThatOthersCanRead(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	h.SSH.Key = "/etc/passwd" // of root, and no key
	if err := os.Chmod(homeKeyPath(), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		denial(t, dial(h), "no key found")
		return
	}
	if h.SSH.Key = homeKeyPath(); os.Chown(h.SSH.Key, 65534, -1) != nil {
		t.Fatal("root cannot give the key away")
	}
	if err := dial(h); err != nil {
		t.Error(err)
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
	coding(t, dial(h), fault.NothingToLogInWith)
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
	coding(t, dial(h), fault.PassphraseNeeded)
	newAgent(t, otherKey(t))
	denial(t, dial(h), "no agent holds the key")
	newAgent(t, otherKey(t), mine)
	if err := dial(h); err != nil {
		t.Error(err)
	}
}

// A host hangs up after six keys, so the one that the inventory names must be among the first,
// whatever the agent holds.
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
	denial(t, dial(h), "not tried, because hosts hang up after 6 keys")
}

// IdentitiesOnly leaves out the keys of the agent that are not among the files, in whatever form
// those are.
func TestIdentitiesOnly(t *testing.T) {
	newHome(t)
	home := os.Getenv("HOME")
	mine, other := homeKey(t), otherKey(t)
	public := string(ssh.MarshalAuthorizedKey(signerOf(t, mine).PublicKey()))
	writeKey(t, filepath.Join(home, "locked"), mine, "open sesame")
	trial.Write(t, filepath.Join(home, "half.pub"), public, 0o644)
	trial.Write(t, filepath.Join(home, "next.pub"), public, 0o644)
	newAgent(t, other, mine)
	for _, file := range []string{"locked", "half.pub", "next"} {
		c := sshconfig.Credentials{User: "vagrant", Agent: os.Getenv("SSH_AUTH_SOCK"),
			Identities: []string{filepath.Join(home, file)}, Only: true}
		id, err := newIdentity(t.Context(), "m1", c, Options{}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		if len(id.signers) != 1 || string(ssh.MarshalAuthorizedKey(id.signers[0].PublicKey())) != public {
			t.Errorf("%s: %d keys: %s", file, len(id.signers), id.list())
		}
		id.close()
	}
}
