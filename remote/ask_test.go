package remote

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

// person answers questions about host keys.
type person struct {
	answer func(question string) (bool, error)

	mu        sync.Mutex
	questions []string
	at        int // once
}

func (p *person) Confirm(_ context.Context, question string) (bool, error) {
	p.mu.Lock()
	p.questions = append(p.questions, question)
	if p.at++; p.at > 1 {
		panic("two questions at once")
	}
	p.mu.Unlock()
	defer func() { p.mu.Lock(); p.at--; p.mu.Unlock() }()
	return p.answer(question)
}

func (p *person) Secret(context.Context, string) (string, error) {
	return "", errors.New("not asked for")
}

func TestAskAboutUnknownKey(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "ask"
	open := 0
	p := &person{answer: func(string) (bool, error) {
		// No connection is open while the person thinks: the host would hang up.
		s.each(func(c *frozenConn) error { <-c.closed; open++; return nil })
		return false, nil
	}}
	_, err := Dial(context.Background(), s.host, Options{Ask: p})
	refusal(t, err, fault.HostKeyUnknown)
	if _, err := os.Stat(s.host.SSH.KnownHosts); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after a no: known_hosts: %v", err)
	}
	p.answer = func(string) (bool, error) { return true, nil }
	for range 2 { // the second time nothing is asked
		c, err := Dial(context.Background(), s.host, Options{Ask: p})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	if got := trial.Read(t, s.host.SSH.KnownHosts); got != recordOf(s.host, key.PublicKey()) {
		t.Errorf("after a yes: known_hosts is %q", got)
	}
	if len(p.questions) != 2 || open != 1 {
		t.Errorf("asked %d times, want 2; saw %d connections closed, want 1", len(p.questions), open)
	}
	for _, word := range []string{"m1: ", nameOf(s.host), "ssh-ed25519 key " + ssh.FingerprintSHA256(key.PublicKey()),
		s.host.SSH.KnownHosts} {
		if !strings.Contains(p.questions[0], word) {
			t.Errorf("the question %q lacks %q", p.questions[0], word)
		}
	}
}

// With many at once there is one question at a time, and none for a key that was recorded
// meanwhile.
func TestAskOnceForEachKey(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "ask"
	routes := &Routes{}
	defer routes.Close()
	p := &person{answer: func(string) (bool, error) { return true, nil }}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			c, err := Dial(context.Background(), s.host, Options{Ask: p, Routes: routes})
			if err != nil {
				t.Error(err)
				return
			}
			_ = c.Close()
		})
	}
	all.Wait()
	if len(p.questions) != 1 {
		t.Errorf("%d questions, want 1", len(p.questions))
	}
}

// A key that changed, is revoked or is not the pinned one is nothing to ask about.
func TestNothingToAsk(t *testing.T) {
	key, other := newEd25519(t), newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "ask"
	o := Options{Ask: &person{answer: func(question string) (bool, error) {
		t.Errorf("asked %q", question)
		return true, nil
	}}}
	trial.Write(t, s.host.SSH.KnownHosts, recordOf(s.host, other.PublicKey()), 0o600)
	_, err := Dial(context.Background(), s.host, o)
	refusal(t, err, fault.HostKeyChanged)
	trial.Write(t, s.host.SSH.KnownHosts, "@revoked * "+string(ssh.MarshalAuthorizedKey(key.PublicKey())), 0o600)
	_, err = Dial(context.Background(), s.host, o)
	refusal(t, err, fault.HostKeyRevoked)
	s.host.SSH.HostKey = ssh.FingerprintSHA256(other.PublicKey())
	trial.Write(t, s.host.SSH.KnownHosts, "", 0o600)
	_, err = Dial(context.Background(), s.host, o)
	refusal(t, err, fault.HostKeyPinned)
}

// The person presses Ctrl-C at the question.
func TestAskIsCancelled(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "ask"
	_, err := Dial(context.Background(), s.host,
		Options{Ask: &person{answer: func(string) (bool, error) { return false, context.Canceled }}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
