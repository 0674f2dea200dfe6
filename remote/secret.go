package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/private"
)

// Secrets are the passphrases and passwords of a run. Each is asked for once, kept in memory, and
// shared between the hosts that need it. The zero value is ready for use.
type Secrets struct {
	mu    sync.Mutex
	known map[string]*secret
}

// of returns the secret of that name.
func (s *Secrets) of(name string) *secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]*secret{}
	}
	if s.known[name] == nil {
		s.known[name] = &secret{turn: make(chan struct{}, 1)}
	}
	return s.known[name]
}

// secret is what several hosts may need. Who has the turn asks for it and tries it, while the
// others wait for the outcome: with fifty hosts there is one question, and a mistyped password is
// tried on one of them.
type secret struct {
	turn chan struct{}

	// What follows belongs to who has the turn.
	text   string
	proven bool       // a host took it
	signer ssh.Signer // of a key, once its passphrase was right
	failed error      // why there will be none
}

// take waits for the turn, which give ends.
func (s *secret) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *secret) give() { <-s.turn }

// secretFile reads a password from a file, which no other user may be able to read. One line end
// after the password is not part of it.
func secretFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fault.PasswordFile.Errorf("password file: %w", err)
	}
	access, err := private.Look(path, info)
	if err != nil {
		return "", fault.PasswordFile.Errorf("password file: %w", err)
	}
	if access.Read != "" {
		return "", &fault.Error{Code: fault.PasswordFile,
			Err:    fmt.Errorf("password file %s: %s lets others read it", path, access.Read),
			Advice: private.Close(path)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fault.PasswordFile.Errorf("password file: %w", err)
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(text) == 0:
		return "", fault.PasswordFile.Errorf("password file %s: the file is empty", path)
	case bytes.ContainsAny(text, "\n\r\x00"):
		return "", &fault.Error{Code: fault.PasswordFile,
			Err:    fmt.Errorf("password file %s: the file has more than one line", path),
			Advice: "a password is one line"}
	}
	return string(text), nil
}

// errNobody is the error of a question that no one is there to answer.
var errNobody = errors.New("there is no terminal to ask at")

// ask asks for a secret. A line end within an answer would make two answers of it.
func ask(ctx context.Context, who Asker, question string) (string, error) {
	if who == nil {
		return "", errNobody
	}
	if !strings.HasSuffix(question, " ") { // the host's own questions end as they end
		question += ": "
	}
	text, err := who.Secret(ctx, question)
	if err == nil && bytes.ContainsAny([]byte(text), "\n\r\x00") {
		err = errors.New("the answer has more than one line")
	}
	return text, err
}
