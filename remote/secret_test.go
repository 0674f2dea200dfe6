package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// asked is a user at the terminal who gives these answers, in their order, and then none.
type asked struct {
	answers []string

	mu        sync.Mutex
	questions []string
}

func (a *asked) Secret(_ context.Context, question string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.questions = append(a.questions, strings.TrimSuffix(question, ": "))
	if len(a.questions) > len(a.answers) {
		return "", errors.New("interrupted")
	}
	return a.answers[len(a.questions)-1], nil
}

func (a *asked) Confirm(context.Context, string) (bool, error) { return false, nil }

// was fails the test unless these questions were asked.
func (a *asked) was(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(a.questions, want) {
		t.Errorf("asked %q, want %q", a.questions, want)
	}
}

// logIn logs in to the hosts, all at once, and returns their errors in the same order.
func logIn(hosts []inventory.Host, o Options) []error {
	errs := make([]error, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			c, err := Dial(context.Background(), h, o)
			if errs[i] = err; err == nil {
				_ = c.Close()
			}
		})
	}
	all.Wait()
	return errs
}

// lockHomeKey encrypts the key that newServer lets in.
func lockHomeKey(t *testing.T, passphrase string) {
	t.Helper()
	writeKey(t, homeKeyPath(), homeKey(t), passphrase)
}

// hosts are so many hosts of the inventory that are all this server.
func (s *server) hosts(n int) []inventory.Host {
	hosts := make([]inventory.Host, n)
	for i := range hosts {
		hosts[i] = s.host
		hosts[i].Name = fmt.Sprintf("m%d", i+1)
	}
	return hosts
}

// One question for a key, however many hosts take it, and wrong answers are asked again.
func TestPassphraseIsAskedOnce(t *testing.T) {
	key := newEd25519(t)
	for name, named := range map[string]bool{"default key": false, "named key": true} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, key)
			s.trust(key)
			lockHomeKey(t, "open sesame")
			if named {
				s.host.SSH.Key = homeKeyPath()
			}
			who := &asked{answers: []string{"sesame", "open sesame"}}
			o := Options{Ask: who, Secrets: &Secrets{}}
			for _, err := range logIn(s.hosts(8), o) {
				if err != nil {
					t.Error(err)
				}
			}
			for _, err := range logIn(s.hosts(1), o) { // as after a lost connection
				if err != nil {
					t.Error(err)
				}
			}
			who.was(t, "passphrase of "+homeKeyPath(), "wrong; passphrase of "+homeKeyPath())
		})
	}
}

// Three wrong answers, or an empty one, are all that is asked, also when other hosts wait.
func TestWrongPassphrase(t *testing.T) {
	key := newEd25519(t)
	for name, answers := range map[string][]string{"wrong": {"a", "b", "c", "d"}, "empty": {""}} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, key)
			s.trust(key)
			lockHomeKey(t, "open sesame")
			s.host.SSH.Key = homeKeyPath()
			who := &asked{answers: answers}
			for _, err := range logIn(s.hosts(3), Options{Ask: who, Secrets: &Secrets{}}) {
				denial(t, err, "the passphrase was wrong", "ssh-keygen -y")
				coding(t, err, fault.PassphraseWrong)
			}
			if len(who.questions) != min(3, len(answers)) {
				t.Errorf("asked %q", who.questions)
			}
		})
	}
}

// No user is asked for the passphrase of a key that the host would not take.
func TestPassphraseOfUselessKey(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	good := filepath.Join(os.Getenv("HOME"), ".ssh/id_ecdsa") // it is offered later
	writeKey(t, good, homeKey(t), "")
	writeKey(t, homeKeyPath(), otherKey(t), "open sesame")
	who := &asked{}
	for _, err := range logIn([]inventory.Host{h}, Options{Ask: who}) {
		if err != nil {
			t.Error(err)
		}
	}
	who.was(t)
}

// A default key whose passphrase no user knows is passed over.
func TestForgottenPassphrase(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	takePassword(s, "secret")
	lockHomeKey(t, "open sesame")
	who := &asked{answers: []string{"", "secret"}}
	for _, err := range logIn([]inventory.Host{h}, Options{Ask: who}) {
		if err != nil {
			t.Error(err)
		}
	}
	who.was(t, "passphrase of "+homeKeyPath(), "password of vagrant@m1")
}

// notes are texts that goroutines write down.
type notes struct {
	mu    sync.Mutex
	texts []string
}

func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.texts = append(n.texts, text)
}

// take returns what was written down, and forgets it.
func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer func() { n.texts = nil }()
	return n.texts
}

// takePassword makes the server let in who knows the password, and returns what it is told.
func takePassword(s *server, password string) *notes {
	told := &notes{}
	s.configure(func(c *ssh.ServerConfig) {
		c.PasswordCallback = func(_ ssh.ConnMetadata, text []byte) (*ssh.Permissions, error) {
			told.add(string(text))
			if string(text) != password {
				return nil, errors.New("wrong")
			}
			return nil, nil
		}
	})
	return told
}

// One question for a user, however many hosts there are, and a mistyped password is told to one
// host only.
func TestPasswordIsAskedOnce(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.trust(key)
	told := takePassword(s, "secret")
	writeKey(t, homeKeyPath(), otherKey(t), "") // a key that is refused
	who := &asked{answers: []string{"secert", "secret"}}
	for _, err := range logIn(s.hosts(6), Options{Ask: who, Secrets: &Secrets{}}) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(who.questions) != 2 || !strings.HasPrefix(who.questions[0], "password of vagrant@m") ||
		who.questions[1] != "refused; "+who.questions[0] {
		t.Errorf("asked %q", who.questions)
	}
	if texts := told.take(); len(texts) != 7 { // one is wrong
		t.Errorf("told %q", texts)
	}
}

// A host that does not take the password of the others is asked for.
func TestPasswordOfOneHost(t *testing.T) {
	key := newEd25519(t)
	first := newServer(t, key)
	first.trust(key)
	takePassword(first, "secret")
	second := newServer(t, key)
	second.trust(key)
	second.host.Name = "m2"
	takePassword(second, "other")
	if err := os.Remove(homeKeyPath()); err != nil {
		t.Fatal(err)
	}
	who := &asked{answers: []string{"secret", "other"}}
	o := Options{Ask: who, Secrets: &Secrets{}}
	for _, s := range []*server{first, second} {
		for _, err := range logIn([]inventory.Host{s.host}, o) {
			if err != nil {
				t.Error(err)
			}
		}
	}
	who.was(t, "password of vagrant@m1", "refused; password of vagrant@m2")
}

func TestWrongPassword(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	told := takePassword(s, "secret")
	who := &asked{answers: []string{"a", "b", "c", "d"}}
	writeKey(t, homeKeyPath(), otherKey(t), "")
	_, err := Dial(t.Context(), h, Options{Ask: who})
	denial(t, err, "vagrant: the password was refused 3 times")
	coding(t, err, fault.PasswordWrong)
	if texts := told.take(); !slices.Equal(texts, []string{"a", "b", "c"}) {
		t.Errorf("told %q", texts)
	}
	// No user is there: the password is not even mentioned.
	denial(t, dial(h), "vagrant was refused")
}

func TestPasswordFile(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	told := takePassword(s, "secret")
	if err := os.Remove(homeKeyPath()); err != nil {
		t.Fatal(err)
	}
	h.SSH.PasswordFile = filepath.Join(t.TempDir(), "password")
	_, err := Dial(t.Context(), h, Options{})
	coding(t, err, fault.PasswordFile)
	for _, text := range []string{"secret", "secret\n", "secret\r\n"} {
		trial.Write(t, h.SSH.PasswordFile, text, 0o600)
		if err := dial(h); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, words := range map[string]string{"": "the file is empty", "\n": "the file is empty",
		"secret\nmore\n": "more than one line"} {
		trial.Write(t, h.SSH.PasswordFile, text, 0o600)
		denial(t, dial(h), words)
	}
	for _, mode := range []os.FileMode{0o640, 0o604} {
		trial.Write(t, h.SSH.PasswordFile, "secret", mode)
		denial(t, dial(h), "lets others read it", "chmod 600 "+h.SSH.PasswordFile)
		coding(t, dial(h), fault.PasswordFile)
	}
	told.take()
	trial.Write(t, h.SSH.PasswordFile, "wrong", 0o600)
	err = dial(h)
	denial(t, err, "the password in "+h.SSH.PasswordFile+" was refused")
	coding(t, err, fault.PasswordWrong)
	if texts := told.take(); len(texts) != 1 {
		t.Errorf("told %q", texts)
	}
}

// Servers with PAM ask by keyboard-interactive: the first question that is not shown is the
// password's, and the others go to the terminal. What was refused there is not told again as a
// password.
func TestKeyboardInteractive(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	told := takePassword(s, "secret")
	s.configure(func(c *ssh.ServerConfig) {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata,
			challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := challenge("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			told.add(answers[0])
			if answers[0] != "secret" {
				return nil, errors.New("wrong")
			}
			answers, err = challenge("", "Two factors.", []string{"Code: "}, []bool{true})
			if err != nil {
				return nil, err
			}
			if answers[0] != "123456" {
				return nil, errors.New("wrong code")
			}
			return nil, nil
		}
	})
	if err := os.Remove(homeKeyPath()); err != nil {
		t.Fatal(err)
	}
	who := &asked{answers: []string{"wrong", "secret", "123456"}}
	for _, err := range logIn([]inventory.Host{h}, Options{Ask: who}) {
		if err != nil {
			t.Error(err)
		}
	}
	who.was(t, "password of vagrant@m1", "refused; password of vagrant@m1", "vagrant@m1: Two factors. Code")
	if texts := told.take(); !slices.Equal(texts, []string{"wrong", "secret"}) {
		t.Errorf("told %q", texts)
	}
}

// A run that ends while hosts wait for an answer does not wait.
func TestCancelWhileAsking(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	h := s.trust(key)
	lockHomeKey(t, "open sesame")
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{Ask: typing{cancel}, Secrets: &Secrets{}}
	_, err := Dial(ctx, h, o)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// It was not an answer: the next host may ask.
	who := &asked{answers: []string{"open sesame"}}
	o.Ask = who
	if _, err := Dial(t.Context(), h, o); err != nil {
		t.Error(err)
	}
}

// typing is a user who presses Ctrl-C.
type typing struct{ cancel context.CancelFunc }

func (t typing) Secret(ctx context.Context, _ string) (string, error) {
	t.cancel()
	<-ctx.Done()
	return "", ctx.Err()
}

func (t typing) Confirm(context.Context, string) (bool, error) { return false, nil }
